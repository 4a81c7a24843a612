using System.Globalization;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary>Where a finished manifest goes, and what is said about it.</summary>
internal static class ManifestOutput
{
    /// <summary>To a file with a summary on standard output, or to standard output with the summary on standard error.</summary>
    public static async Task WriteAsync(BootManifest manifest, string path, CommandContext context, CancellationToken cancellationToken)
    {
        bool toStandardOutput = path == ManifestFile.StandardStream;
        if (toStandardOutput)
        {
            context.Output.Write(System.Text.Encoding.UTF8.GetString(manifest.RawBytes.Span));
        }
        else
        {
            await OutputFile.WriteAsync(path, manifest.RawBytes, cancellationToken);
        }

        Summarize(manifest, path, toStandardOutput ? context.Error : context.Output);
    }

    /// <summary>Such as <c>manifest.json: stable/x86_64 release 42</c>.</summary>
    public static string Title(BootManifest manifest, string path) =>
        $"{path}: {manifest.Channel}/{manifest.Arch} release {manifest.Release?.ToString(CultureInfo.InvariantCulture) ?? "-"}";

    private static void Summarize(BootManifest manifest, string path, TextWriter writer)
    {
        writer.WriteLine($"{Title(manifest, path)}, version {SingleLine.Of(manifest.Version)}");
        foreach (ManifestArtifact artifact in manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind))
        {
            writer.WriteLine($"  {artifact.Kind.Name(),-9} {artifact.Digest} {HumanSize.Of(artifact.SizeBytes)}");
        }

        writer.WriteLine($"  expires   {manifest.Expires?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") ?? "never"}");
        foreach (ManifestSignature signature in manifest.Signatures)
        {
            writer.WriteLine($"  signed by {SingleLine.Of(signature.KeyId)}");
        }

        if (manifest.Signatures.Count == 0)
        {
            writer.WriteLine("  unsigned: machines refuse it until 'plasmd manifest sign' has signed it");
        }
    }
}
