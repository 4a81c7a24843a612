using System.Text.Json;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Directory;

/// <summary>
/// Follows the fleet by long poll at one silo, at the next when that fails. A silo is believed who there is; releases are verified here all
/// the same.
/// </summary>
internal sealed partial class SiloFollower(
    Func<IReadOnlyList<Uri>> configured, SourceClient client, TrustedManifests manifests, ReplicaDirectory directory, IReplicaObserver observer,
    TimeProvider clock, ILogger<SiloFollower> log)
{
    public const string Source = "silos";
    private const int MaxUrls = 16;
    private const int WaitSeconds = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(WaitSeconds + 10);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);

    private readonly HashSet<string> _quarantined = new(StringComparer.Ordinal);
    private string? _entityTag;
    private string? _refused;
    private int _turn;
    private int _failures;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            IReadOnlyList<Uri> silos = configured();
            if (silos.Count == 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellationToken); // About to be ended.
            }

            Uri silo = silos[_turn % silos.Count];
            try
            {
                // Nothing known yet: the answer comes at once.
                Uri place = new(silo, _entityTag is null ? "/v1/snapshot" : $"/v1/snapshot?wait={WaitSeconds}");
                long asked = clock.GetTimestamp();
                SourceAnswer answer = await client.GetAsync(place, SiloSnapshot.MaxBytes, Limit, _entityTag, cancellationToken);
                directory.Heard(Source, answer.Body is { } body ? Read(silo, body) : null);
                _entityTag = answer.EntityTag;
                _failures = 0;

                // A silo that doesn't wait is asked once a second.
                TimeSpan rest = TimeSpan.FromSeconds(1) - clock.GetElapsedTime(asked);
                if (rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest, clock, cancellationToken);
                }
            }
            catch (SourceException e)
            {
                await FailedAsync(silos, silo, e.Message, cancellationToken);
            }
        }
    }

    /// <summary>No silo is configured any more: their word, and whom they quarantined, counts no longer. Not while it runs.</summary>
    public void Dismiss()
    {
        directory.Forget(Source);
        foreach (string key in _quarantined)
        {
            observer.Pardon(key);
        }

        _quarantined.Clear();
        _entityTag = null;
    }

    private async Task FailedAsync(IReadOnlyList<Uri> silos, Uri silo, string problem, CancellationToken cancellationToken)
    {
        _turn++;
        _failures++;
        if (_failures % silos.Count != 0)
        {
            return; // The next one is asked at once.
        }

        if (_failures == silos.Count)
        {
            LogAway(silo, problem);
        }

        directory.Missed(Source);
        double seconds = Math.Min(Math.Pow(2, Math.Min(_failures / silos.Count, 10)) / 2, MaxPause.TotalSeconds);
        await Task.Delay(TimeSpan.FromSeconds(seconds * (0.5 + Random.Shared.NextDouble() / 2)), clock, cancellationToken);
    }

    private SourceReport Read(Uri silo, byte[] body)
    {
        SiloSnapshot? snapshot;
        try
        {
            snapshot = JsonSerializer.Deserialize(body, SiloSnapshotJson.Default.SiloSnapshot);
        }
        catch (JsonException e)
        {
            throw new SourceException($"{silo} answered what is no snapshot: {e.Message}", e);
        }

        if (snapshot is not { Releases.Count: <= SiloSnapshot.MaxReleases, Providers.Count: <= SiloSnapshot.MaxProviders }
            || snapshot.Staged?.Count > SiloSnapshot.MaxReleases
            || snapshot.Providers.Any(provider => provider?.Replicas?.Count > SiloSnapshot.MaxReplicas))
        {
            throw new SourceException(
                $"{silo} answered a snapshot without releases or providers, or with more than {SiloSnapshot.MaxReleases} and "
                + $"{SiloSnapshot.MaxProviders}.");
        }

        Judge(snapshot.Providers);
        return new SourceReport(
            Verify(silo, snapshot.Releases), Verify(silo, snapshot.Staged ?? []),
            [.. snapshot.Providers.Select(Read).OfType<ProviderReport>()],
            IsAuthoritative: true)
        {
            Quarantined =
            [
                .. snapshot.Providers.Where(provider => provider?.State == "quarantined")
                    .Select(provider => Ed25519PublicKey.TryParse(provider!.Key, out Ed25519PublicKey key) ? key.KeyId : null)
                    .OfType<string>(),
            ],
        };
    }

    private List<BootManifest> Verify(Uri silo, IReadOnlyList<SiloRelease?> releases)
    {
        List<BootManifest> verified = [];
        foreach (SiloRelease? release in releases)
        {
            string text = release?.ManifestBase64 ?? "";
            byte[] bytes = new byte[text.Length / 4 * 3];
            bool isText = Convert.TryFromBase64String(text, bytes, out int length);
            string? problem = "It is not base64.";
            BootManifest? manifest = isText
                ? manifests.Find(Sha256Digest.Compute(bytes.AsSpan(0, length))) ?? manifests.Accept(bytes.AsMemory(0, length), out problem)
                : null;
            if (manifest is not null)
            {
                verified.Add(manifest);
            }
            else if (_refused != problem)
            {
                _refused = problem;
                LogRefused(silo, problem!);
            }
        }

        return verified;
    }

    /// <summary>Who is quarantined is asked for nothing, under no other report either, until the silos release it.</summary>
    private void Judge(IReadOnlyList<SiloProvider?> providers)
    {
        foreach (SiloProvider? provider in providers)
        {
            if (provider is not { Key: { } key } || !Ed25519PublicKey.TryParse(key, out _))
            {
                continue;
            }

            if (provider.State == "quarantined" && _quarantined.Add(key))
            {
                observer.Exclude(key);
            }
            else if (provider.State == "serving" && _quarantined.Remove(key))
            {
                observer.Pardon(key);
            }
        }
    }

    private static ProviderReport? Read(SiloProvider? provider)
    {
        ProviderStanding? standing = provider?.State switch
        {
            "serving" => ProviderStanding.Serving,
            "suspect" => ProviderStanding.Silent,
            "draining" => ProviderStanding.Draining,
            _ => null,
        };
        Uri[] urls =
        [
            .. (provider?.Urls ?? []).Select(text => Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) ? parsed : null).OfType<Uri>()
                .Where(parsed => parsed is { Scheme: "http" or "https", PathAndQuery: "/", UserInfo: "", Fragment: "" }).Take(MaxUrls),
        ];
        if (standing is null || urls is not [var url, ..] || !Ed25519PublicKey.TryParse(provider!.Key, out Ed25519PublicKey key))
        {
            return null;
        }

        return new ProviderReport(
            key.KeyId, url, new ReplicaSite(provider.Site, provider.Rack),
            double.IsFinite(provider.Weight) ? Math.Clamp(provider.Weight, 0, 100) : 1, standing.Value, true,
            [.. (provider.Replicas ?? []).Where(text => Sha256Digest.TryParse(text, out _))
                .Select(text => Sha256Digest.Parse(text!)).Distinct()])
        {
            Urls = new UrlList(urls),
        };
    }

    [LoggerMessage(5104, LogLevel.Warning, "No silo answers; what they said last holds on: {Silo}: {Problem}")]
    private partial void LogAway(Uri silo, string problem);

    [LoggerMessage(5105, LogLevel.Warning, "A release that {Silo} names is not served: {Problem}")]
    private partial void LogRefused(Uri silo, string problem);
}
