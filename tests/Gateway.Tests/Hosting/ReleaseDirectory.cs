using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>A temporary directory with room for the artifacts of a release, state and output.</summary>
internal sealed class ReleaseDirectory : IDisposable
{
    public string Root { get; } = System.IO.Directory.CreateTempSubdirectory("phase-gateway-").FullName;

    public string Artifacts => At("artifacts");

    public string At(string name) => Path.Combine(Root, name);

    /// <summary>Writes the files of a release as plasmd serves them.</summary>
    public void Write(TestRelease release)
    {
        System.IO.Directory.CreateDirectory(Artifacts);
        byte[] piece = new byte[1 << 20];
        foreach ((ArtifactKind kind, ArtifactContent content) in release.Contents)
        {
            using FileStream file = File.Create(Path.Combine(Artifacts, kind.Name()));
            for (long at = 0; at < content.Length; at += piece.Length)
            {
                Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, content.Length - at));
                content.Read(at, part);
                file.Write(part);
            }
        }

        File.WriteAllBytes(Path.Combine(Artifacts, "manifest.json"), release.Manifest.RawBytes.ToArray());
    }

    public void Dispose() => System.IO.Directory.Delete(Root, recursive: true);
}
