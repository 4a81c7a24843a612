using System.Text.Json.Serialization;

namespace PhaseMesh.Gateway.Misbehaviours;

/// <summary>A proof on its way to the silos; the first five members are what their API reads, the others are for people.</summary>
/// <param name="Manifest">The release that names the artifact.</param>
/// <param name="Chunk">-1: the artifact as a whole.</param>
/// <param name="Actual">Of the bytes that came.</param>
/// <param name="Provider">Key id of the accused.</param>
internal sealed record PendingReport(
    string Manifest, string Artifact, int Chunk, string Actual, string Provider, string Expected, string Url, long Offset, int LengthBytes,
    DateTimeOffset At)
{
    /// <summary>Told again it says nothing new.</summary>
    public bool IsAbout(PendingReport other) => (Provider, Artifact, Chunk) == (other.Provider, other.Artifact, other.Chunk);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 8,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PendingReport))]
[JsonSerializable(typeof(IReadOnlyList<PendingReport>))]
internal sealed partial class ReportJson : JsonSerializerContext;
