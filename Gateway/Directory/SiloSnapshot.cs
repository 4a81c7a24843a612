using System.Text.Json.Serialization;

namespace PhaseMesh.Gateway.Directory;

/// <summary>What is read of a silo's <c>GET /v1/snapshot</c>.</summary>
internal sealed record SiloSnapshot(
    IReadOnlyList<SiloRelease?>? Releases, IReadOnlyList<SiloRelease?>? Staged, IReadOnlyList<SiloProvider?>? Providers)
{
    public const int MaxBytes = 32 << 20;
    public const int MaxReleases = 256;
    public const int MaxProviders = 4096;
    public const int MaxReplicas = 1024;
}

internal sealed record SiloRelease(string? ManifestBase64);

internal sealed record SiloProvider(
    string? Key, IReadOnlyList<string?>? Urls, string? Site, string? Rack, double Weight, string? State, IReadOnlyList<string?>? Replicas);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 16)]
[JsonSerializable(typeof(SiloSnapshot))]
internal sealed partial class SiloSnapshotJson : JsonSerializerContext;
