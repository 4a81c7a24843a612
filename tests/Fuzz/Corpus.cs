using System.Security.Cryptography;
using PhaseMesh.TestKit;

namespace PhaseMesh.Fuzz.Tests;

/// <summary>The stored inputs: corpus/TARGET/seed-N are the target's seeds, found-DIGEST what a run once stumbled over.</summary>
internal static class Corpus
{
    public static string Root { get; } = Path.Combine(Repository.Root, "tests", "Fuzz", "corpus");

    public static IReadOnlyList<byte[]> Read(FuzzTarget target) =>
        [.. Directory.EnumerateFiles(Path.Combine(Root, target.Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    public static async Task WriteSeedsAsync(FuzzTarget target)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Root, target.Name)).FullName;
        foreach (string old in Directory.EnumerateFiles(folder, "seed-*"))
        {
            File.Delete(old);
        }
        foreach ((int index, byte[] seed) in target.Seeds().Index())
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"seed-{index:00}"), seed);
        }
    }

    /// <summary>Keeps a finding where the next run starts from it, and returns its path.</summary>
    public static async Task<string> KeepAsync(FuzzTarget target, byte[] input)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Root, target.Name)).FullName;
        string path = Path.Combine(folder, "found-" + Convert.ToHexStringLower(SHA256.HashData(input))[..12]);
        await File.WriteAllBytesAsync(path, input);
        return path;
    }
}
