using System.Text.Json;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Directory;

/// <summary>
/// Asks one provider how it is and what it serves, about once a second: the answer is both the probe that the choice of replica wants and
/// this provider's part of the directory. A provider is named by its URL here, since whatever key it claims is not proven.
/// </summary>
internal sealed partial class ProviderPoller(
    ConfiguredProvider provider, SourceClient client, TrustedManifests manifests, ReplicaDirectory directory, IReplicaObserver observer,
    TimeSpan interval, TimeProvider clock, ILogger<ProviderPoller> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);
    private const int SilentAfter = 3;

    private readonly Uri _url = provider.Url;
    private readonly Dictionary<Sha256Digest, string> _refused = [];
    private SourceReport? _last;
    private int _failures;

    public string Source { get; } = SourceOf(provider);

    public static string SourceOf(ConfiguredProvider provider) => provider.Url.ToString();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await PollAsync(cancellationToken);
            TimeSpan pause = interval;
            if (_failures > 0)
            {
                double grown = Math.Min(interval.TotalSeconds * Math.Pow(2, Math.Min(_failures - 1, 10)), MaxPause.TotalSeconds);
                pause = TimeSpan.FromSeconds(grown * (0.5 + Random.Shared.NextDouble() / 2));
            }

            await Task.Delay(pause, clock, cancellationToken);
        }
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        try
        {
            long asked = clock.GetTimestamp();
            SourceAnswer answer = await client.GetAsync(_url, ProviderStatus.MaxBytes, Limit, null, cancellationToken);
            TimeSpan roundTrip = clock.GetElapsedTime(asked);
            ProviderStatus status = Read(answer.Body);
            SourceReport report = await ReportAsync(status, cancellationToken);
            if (_failures >= SilentAfter)
            {
                LogBack(_url);
            }

            _failures = 0;
            Publish(report);

            // After the report, so that a new provider is known to the observer; the status request counted itself.
            observer.ProbeAnswered(Source, (status.Load?.RequestsInFlight ?? 1) - 1, roundTrip);
        }
        catch (SourceException e)
        {
            Failed(e.Message);
        }
    }

    private void Publish(SourceReport report)
    {
        bool isNew = _last is null || !IsSame(_last, report);
        _last = report;
        directory.Heard(Source, isNew ? report : null);
    }

    private void Failed(string problem)
    {
        _failures++;
        observer.ProbeFailed(Source);
        SourceReport? silent = null;
        if (_failures == SilentAfter)
        {
            LogSilent(_url, problem);
            SourceReport? known = _last ?? directory.Reports.GetValueOrDefault(Source);
            silent = known is null ? null : known with { Providers = [.. known.Providers.Select(Silence)] };
            _last = null;
        }

        directory.Missed(Source, silent);
    }

    private static ProviderReport Silence(ProviderReport provider) => provider with { Standing = ProviderStanding.Silent };

    private ProviderStatus Read(byte[]? body)
    {
        try
        {
            ProviderStatus? status = JsonSerializer.Deserialize(body ?? [], ProviderStatusJson.Default.ProviderStatus);
            return status?.Releases is { Count: <= ProviderStatus.MaxReleases }
                ? status
                : throw new SourceException($"{_url} names {status?.Releases?.Count ?? 0} releases, expected a list of at most "
                    + $"{ProviderStatus.MaxReleases}; is it a plasmd?");
        }
        catch (JsonException e)
        {
            throw new SourceException($"{_url} answered what is no status of a plasmd: {e.Message}", e);
        }
    }

    private async Task<SourceReport> ReportAsync(ProviderStatus status, CancellationToken cancellationToken)
    {
        List<BootManifest> releases = [];
        foreach (ProviderStatusRelease release in status.Releases ?? [])
        {
            if (release?.State == "serving" && await ManifestAsync(release, cancellationToken) is { } manifest)
            {
                releases.Add(manifest);
            }
        }

        ProviderStanding standing = status.State == "draining" ? ProviderStanding.Draining : ProviderStanding.Serving;
        return new SourceReport(releases, [],
        [
            new ProviderReport(
                Source, _url, provider.Site, provider.Weight, standing, status.State != "starting",
                [.. releases.SelectMany(manifest => manifest.Artifacts.Values).Select(artifact => artifact.Digest).Distinct()])
            {
                ClaimedKey = Ed25519PublicKey.TryParse(status.Node, out Ed25519PublicKey key) ? key.KeyId : null,
            },
        ]);
    }

    private async Task<BootManifest?> ManifestAsync(ProviderStatusRelease release, CancellationToken cancellationToken)
    {
        if (!Sha256Digest.TryParse(release.Manifest, out Sha256Digest digest)
            || !ReleaseChannelName.TryParse(release.Channel, out ReleaseChannelName channel)
            || !MachineArch.TryParse(release.Arch, out MachineArch arch) || _refused.ContainsKey(digest))
        {
            return null;
        }

        BootManifest? manifest = manifests.Find(digest);
        string? problem = null;
        if (manifest is null)
        {
            Uri place = new(_url, $"/{channel}/{arch}/manifest.json");
            byte[] bytes = (await client.GetAsync(place, BootManifest.MaxBytes, Limit, null, cancellationToken)).Body ?? [];
            if (Sha256Digest.Compute(bytes) != digest)
            {
                return null; // Replaced in between; the next answer names the new one.
            }

            manifest = manifests.Accept(bytes, out problem);
        }

        if (manifest is not null && (manifest.Channel != channel || manifest.Arch != arch))
        {
            problem = $"It is for {manifest.Channel}/{manifest.Arch}, served as {channel}/{arch}.";
        }

        if (problem is null)
        {
            return manifest;
        }

        if (_refused.Count >= ProviderStatus.MaxReleases)
        {
            _refused.Clear();
        }

        _refused[digest] = problem;
        LogRefused(_url, digest, problem);
        return null;
    }

    private static bool IsSame(SourceReport left, SourceReport right) =>
        left.Releases.Select(manifest => manifest.Digest).SequenceEqual(right.Releases.Select(manifest => manifest.Digest))
        && left.Providers.Zip(right.Providers).All(pair =>
            pair.First.Standing == pair.Second.Standing && pair.First.IsWarm == pair.Second.IsWarm
            && pair.First.ClaimedKey == pair.Second.ClaimedKey);

    [LoggerMessage(5101, LogLevel.Warning, "{Url} does not answer; it is asked only when nobody else is left: {Problem}")]
    private partial void LogSilent(Uri url, string problem);

    [LoggerMessage(5102, LogLevel.Information, "{Url} answers again")]
    private partial void LogBack(Uri url);

    [LoggerMessage(5103, LogLevel.Warning, "A release of {Url} is not served: manifest {Digest}: {Problem}")]
    private partial void LogRefused(Uri url, Sha256Digest digest, string problem);
}
