using System.Text.Json.Serialization;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary>One object of <c>plasmd provider list --json</c> (docs/cli.md): a release as one provider announces it.</summary>
/// <param name="PeerId">Null for a provider that does not say who it is.</param>
/// <param name="Release">Null when the source does not tell: provider records do not.</param>
/// <param name="Manifest">Digest of the manifest, or null like the release.</param>
/// <param name="Urls">Of the manifest.</param>
/// <param name="Sources">Where it was heard of: <c>local</c>, <c>mdns</c>, <c>dht</c>.</param>
internal sealed record ListedRelease(
    string Channel, string Arch, string? PeerId, string? Node, long? Release, string? Manifest, IReadOnlyList<string> Urls,
    IReadOnlyList<string> Sources)
{
    /// <summary>Two accounts of one release of one provider as one; what the first does not know is taken from the other.</summary>
    public ListedRelease With(ListedRelease other) => this with
    {
        Node = Node ?? other.Node,
        Release = Release ?? other.Release,
        Manifest = Manifest ?? other.Manifest,
        Urls = [.. Urls.Concat(other.Urls).Distinct()],
        Sources = [.. Sources.Concat(other.Sources).Distinct()],
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<ListedRelease>))]
internal sealed partial class ListedReleaseJson : JsonSerializerContext;
