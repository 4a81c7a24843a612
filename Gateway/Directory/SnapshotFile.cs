using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Directory;

/// <summary>
/// What all sources said last, on disk, so that a gateway that starts alone can serve. Written beside the old one, flushed and renamed: a
/// crash leaves the one or the other. Nothing in it is believed for being there: manifests are verified again, and replicas' bytes are
/// checked against those anyway.
/// </summary>
internal sealed partial class SnapshotFile(string stateDirectory, TrustedManifests manifests, ILogger<SnapshotFile> log)
{
    /// <summary>64 manifests of the largest kind.</summary>
    public const int MaxBytes = 96 << 20;

    private const int Format = 1;

    public string FullPath { get; } = Path.Combine(stateDirectory, "directory.json");

    public void Save(IReadOnlyDictionary<string, SourceReport> reports, DateTimeOffset heardAt)
    {
        StoredSource[] sources = [.. reports.Select(each => new StoredSource(
            each.Key, each.Value.IsAuthoritative,
            [.. each.Value.Releases.Select(manifest => Convert.ToBase64String(manifest.RawBytes.Span))],
            [.. each.Value.Staged.Select(manifest => Convert.ToBase64String(manifest.RawBytes.Span))],
            [.. each.Value.Providers.Select(provider => new StoredProvider(
                provider.ProviderId, provider.BaseUrl.ToString(), provider.Site.Site, provider.Site.Rack, provider.Weight,
                provider.Standing is ProviderStanding.Draining, [.. provider.Replicas.Select(digest => digest.ToString())],
                provider.ClaimedKey, [.. provider.Urls.Select(url => url.ToString())]))],
            [.. each.Value.Quarantined]))];
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(
            new StoredDirectory(Format, heardAt, sources), SnapshotFileJson.Default.StoredDirectory);
        try
        {
            System.IO.Directory.CreateDirectory(stateDirectory);
            string temporary = FullPath + ".new";
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(json);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, FullPath, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(FullPath, e.Message);
        }
    }

    /// <returns>Null when there is none that can be read.</returns>
    public (IReadOnlyDictionary<string, SourceReport> Reports, DateTimeOffset HeardAt)? Load()
    {
        try
        {
            if (!File.Exists(FullPath))
            {
                return null;
            }

            if (new FileInfo(FullPath).Length > MaxBytes)
            {
                LogUnreadable(FullPath, $"expected at most {MaxBytes} bytes");
                return null;
            }

            StoredDirectory? stored = JsonSerializer.Deserialize(File.ReadAllBytes(FullPath), SnapshotFileJson.Default.StoredDirectory);
            if (stored is not { Format: Format } || stored.Sources.Any(HasHoles))
            {
                LogUnreadable(FullPath, $"expected format {Format}");
                return null;
            }

            return (stored.Sources.DistinctBy(source => source.Source).ToDictionary(source => source.Source, Read), stored.HeardAt);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException
            or ArgumentException)
        {
            LogUnreadable(FullPath, e.Message);
            return null;
        }
    }

    private SourceReport Read(StoredSource source) => new(
        [.. source.Releases.Select(Verify).OfType<BootManifest>()],
        [.. source.Staged.Select(Verify).OfType<BootManifest>()],
        [.. source.Providers.Select(provider => new ProviderReport(
            provider.Id, new Uri(provider.Url), new ReplicaSite(provider.Site, provider.Rack), Math.Clamp(provider.Weight, 0, 100),
            provider.IsDraining ? ProviderStanding.Draining : ProviderStanding.Serving, true,
            [.. provider.Replicas.Select(Sha256Digest.Parse)])
        {
            ClaimedKey = provider.ClaimedKey,
            Urls = new UrlList(provider.Urls is { Count: > 0 } urls ? urls.Select(url => new Uri(url!)) : [new Uri(provider.Url)]),
        })],
        source.IsAuthoritative)
    {
        Quarantined = [.. (source.Quarantined ?? []).OfType<string>()],
    };

    /// <summary>Null as an item, which the reader of JSON lets through.</summary>
    private static bool HasHoles(StoredSource? source) =>
        source is null || source.Releases.Contains(null!) || source.Staged.Contains(null!)
        || source.Providers.Any(provider => provider is null || provider.Replicas.Contains(null!) || provider.Urls?.Contains(null) is true);

    private BootManifest? Verify(string base64)
    {
        BootManifest? manifest = manifests.Accept(Convert.FromBase64String(base64), out string? problem);
        if (manifest is null)
        {
            LogManifestRefused(FullPath, problem!);
        }

        return manifest;
    }

    [LoggerMessage(5110, LogLevel.Warning, "The snapshot {Path} could not be written: {Problem}")]
    private partial void LogNotSaved(string path, string problem);

    [LoggerMessage(5111, LogLevel.Warning, "The snapshot {Path} can't be used: {Problem}")]
    private partial void LogUnreadable(string path, string problem);

    [LoggerMessage(5112, LogLevel.Warning, "A release of the snapshot {Path} is not served: {Problem}")]
    private partial void LogManifestRefused(string path, string problem);
}

internal sealed record StoredDirectory(int Format, DateTimeOffset HeardAt, IReadOnlyList<StoredSource> Sources);

internal sealed record StoredSource(
    string Source, bool IsAuthoritative, IReadOnlyList<string> Releases, IReadOnlyList<string> Staged,
    IReadOnlyList<StoredProvider> Providers, IReadOnlyList<string?>? Quarantined = null);

internal sealed record StoredProvider(
    string Id, string Url, string? Site, string? Rack, double Weight, bool IsDraining, IReadOnlyList<string> Replicas,
    string? ClaimedKey = null, IReadOnlyList<string?>? Urls = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 16,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredDirectory))]
internal sealed partial class SnapshotFileJson : JsonSerializerContext;
