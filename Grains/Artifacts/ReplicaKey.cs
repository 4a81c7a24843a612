using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Artifacts;

/// <summary>The key of an <see cref="IReplicaGrain"/>: <c>sha256:HEX/ed25519:HEX</c>.</summary>
public readonly record struct ReplicaKey(Sha256Digest Artifact, string Provider)
{
    public static bool TryParse([NotNullWhen(true)] string? text, out ReplicaKey key)
    {
        key = default;
        string[] parts = text?.Split('/') ?? [];
        if (parts.Length != 2 || !Sha256Digest.TryParse(parts[0], out Sha256Digest artifact) || !ProviderKey.IsValid(parts[1]))
        {
            return false;
        }

        key = new ReplicaKey(artifact, parts[1]);
        return true;
    }

    public override string ToString() => $"{Artifact}/{Provider}";
}
