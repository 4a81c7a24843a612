using System.Globalization;
using PhaseMesh.Fuzz.Tests.Targets;

namespace PhaseMesh.Fuzz.Tests;

/// <summary>
/// Every parser of outside bytes against its stored corpus and mutations of it. A plain run is short and the same every time.
/// PHASEMESH_FUZZ_FACTOR=1000 makes it a thousand times longer, PHASEMESH_FUZZ_SEED=7 another one; PHASEMESH_FUZZ_WRITE_SEEDS=1 writes the
/// targets' seeds into the corpus.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Factor = Setting("PHASEMESH_FUZZ_FACTOR", 1);
    private static readonly int Seed = Setting("PHASEMESH_FUZZ_SEED", 20261121);
    private static readonly bool WritesSeeds = Setting("PHASEMESH_FUZZ_WRITE_SEEDS", 0) != 0;
    private static readonly FuzzTarget[] Targets = [.. Libp2pTargets.All, .. StreamTargets.All, .. JsonTargets.All, .. OtherTargets.All];

    public static TheoryData<string> Names() => [.. Targets.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Parser_CorpusAndItsMutations_AreRefusedProperlyOrMeanTheSameAgain(string name)
    {
        FuzzTarget target = Targets.Single(one => one.Name == name);
        if (WritesSeeds)
        {
            await Corpus.WriteSeedsAsync(target);
        }
        IReadOnlyList<byte[]> corpus = Corpus.Read(target);
        int accepted = 0;
        foreach (byte[] input in corpus)
        {
            accepted += await TryAsync(target, input, "corpus") ? 1 : 0;
        }
        Assert.True(accepted > 0, $"Nothing in the corpus of {name} is valid, so its accepting side is not exercised.");
        Mutator mutator = new(Seed, corpus, target.Tokens);
        long rounds = (long)target.Rounds * Factor;
        accepted = 0;
        for (long round = 0; round < rounds; round++)
        {
            accepted += await TryAsync(target, mutator.Next(), $"round {round} of seed {Seed}") ? 1 : 0;
        }
        Assert.InRange(accepted, 1, rounds - 1);
    }

    [Fact]
    public void Corpus_HasAFolderForEveryTarget_OfItsSeeds_AndNoOther()
    {
        Assert.Equal(
            Targets.Select(static target => target.Name).Order(StringComparer.Ordinal),
            Directory.EnumerateDirectories(Corpus.Root).Select(static path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.All(Targets, static target =>
        {
            IReadOnlyList<byte[]> stored = Corpus.Read(target);
            Assert.All(target.Seeds(), seed => Assert.Contains(stored, one => one.AsSpan().SequenceEqual(seed)));
            Assert.All(stored, static input => Assert.InRange(input.Length, 0, 16 * 1024));
        });
    }

    private static async ValueTask<bool> TryAsync(FuzzTarget target, byte[] input, string where)
    {
        int thread = Environment.CurrentManagedThreadId;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            bool isAccepted = await target.AcceptAsync(input);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (thread == Environment.CurrentManagedThreadId)
            {
                Assert.InRange(allocated, 0, target.MaxAllocatedBytes);
            }
            return isAccepted;
        }
#pragma warning disable CA1031 // Whatever it is, it is a finding: kept, and reported with what caused it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            string path = await Corpus.KeepAsync(target, input);
            Assert.Fail($"{target.Name}, {where}: {input.Length} bytes, kept as {path}\n{exception}");
            return false;
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : otherwise;
}
