using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Shares;

/// <summary>A web root that looks like a provider of a release, with a wrong byte in every chunk.</summary>
internal static class LyingDirectory
{
    public static void Write(string root, ReleaseDirectory honest, TestRelease release)
    {
        string blobs = System.IO.Directory.CreateDirectory(Path.Combine(root, "blobs")).FullName;
        string channel = System.IO.Directory.CreateDirectory(
            Path.Combine(root, release.Manifest.Channel.ToString(), release.Manifest.Arch.ToString())).FullName;
        byte[] manifest = release.Manifest.RawBytes.ToArray();
        File.WriteAllBytes(Path.Combine(root, "manifest.json"), manifest);
        File.WriteAllBytes(Path.Combine(channel, "manifest.json"), manifest);
        File.WriteAllText(Path.Combine(root, "index.html"), $$"""
            {"name":"plasmd","state":"serving","node":"","load":{"requests_in_flight":1},
             "releases":[{"channel":"{{release.Manifest.Channel}}",
             "arch":"{{release.Manifest.Arch}}","manifest":"{{release.Manifest.Digest}}","state":"serving"}]}
            """);
        foreach (ManifestArtifact artifact in release.Manifest.Artifacts.Values)
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(honest.Artifacts, artifact.Kind.Name()));
            for (int at = 0; at < bytes.Length; at += artifact.Chunks!.ChunkSizeBytes)
            {
                bytes[at] ^= 1;
            }

            File.WriteAllBytes(Path.Combine(blobs, artifact.Digest.ToString()), bytes);
        }
    }
}
