using System.Text.Json.Serialization;

namespace PhaseMesh.Gateway.Directory;

/// <summary>What is read of a provider's <c>GET /</c>.</summary>
internal sealed record ProviderStatus(
    string? State, IReadOnlyList<ProviderStatusRelease>? Releases, ProviderStatusLoad? Load, string? Node = null)
{
    public const int MaxBytes = 1 << 20;
    public const int MaxReleases = 64;
}

internal sealed record ProviderStatusRelease(string? Channel, string? Arch, string? Manifest, string? State);

internal sealed record ProviderStatusLoad(int RequestsInFlight);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 16)]
[JsonSerializable(typeof(ProviderStatus))]
internal sealed partial class ProviderStatusJson : JsonSerializerContext;
