using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Directory;

/// <summary>
/// One snapshot of several reports. Of a channel the release with the highest number is the current one, unless an authoritative source
/// says otherwise; replaced ones stay known, behind it, for <see cref="KeepReplaced"/>, and so do the replicas of those who had them, since
/// clients are between a manifest and its files.
/// </summary>
internal sealed class SnapshotComposer
{
    /// <summary>plasmd keeps a replaced release readable for an hour.</summary>
    public static readonly TimeSpan KeepReplaced = TimeSpan.FromMinutes(10);

    /// <summary>Replaced releases kept in all; the ones last seen.</summary>
    public const int MaxReplaced = 64;

    private readonly Dictionary<Sha256Digest, (BootManifest Manifest, DateTimeOffset SeenAt)> _releases = [];
    private readonly Dictionary<(string Provider, Sha256Digest Artifact), DateTimeOffset> _replicas = [];

    public DirectorySnapshot Compose(IEnumerable<SourceReport> reports, long version, DateTimeOffset now)
    {
        SourceReport[] all = [.. reports.OrderByDescending(report => report.IsAuthoritative)];
        List<DirectoryRelease> releases = Releases(all, now);
        Dictionary<Sha256Digest, ManifestArtifact> artifacts = [];
        foreach (ManifestArtifact artifact in releases.SelectMany(release => release.Manifest.Artifacts.Values))
        {
            // The same bytes may be cut into other chunks elsewhere: chunk digests are worth more than none.
            if (!artifacts.TryGetValue(artifact.Digest, out ManifestArtifact? known)
                || (known.Chunks is null && artifact.Chunks is not null))
            {
                artifacts[artifact.Digest] = artifact;
            }
        }

        return new DirectorySnapshot(version, now, releases, Replicas(all, artifacts, now), artifacts);
    }

    /// <summary>But for the version and the time.</summary>
    public static bool SayTheSame(DirectorySnapshot left, DirectorySnapshot right) =>
        left.Releases.Select(release => release.Manifest.Digest).SequenceEqual(right.Releases.Select(release => release.Manifest.Digest))
        && left.Replicas.Count == right.Replicas.Count
        && left.Replicas.All(each => right.Replicas.TryGetValue(each.Key, out IReadOnlyList<ReplicaEndpoint>? other)
            && each.Value.SequenceEqual(other));

    private List<DirectoryRelease> Releases(SourceReport[] reports, DateTimeOffset now)
    {
        Dictionary<(ReleaseChannelName, MachineArch), BootManifest> current = [];
        foreach (SourceReport report in reports)
        {
            foreach (BootManifest manifest in report.Releases.Concat(report.Staged))
            {
                _releases[manifest.Digest] = (manifest, now);
            }

            foreach (IGrouping<(ReleaseChannelName, MachineArch), BootManifest> slot in report.Releases
                .Where(manifest => !IsExpired(manifest)).GroupBy(manifest => (manifest.Channel, manifest.Arch)))
            {
                // Authoritative sources come first, and theirs stays.
                BootManifest newest = slot.MaxBy(OrderOf)!;
                bool isSettled = !report.IsAuthoritative
                    && reports.Any(other => other.IsAuthoritative
                        && other.Releases.Any(manifest => (manifest.Channel, manifest.Arch) == slot.Key));
                if (!isSettled && (!current.TryGetValue(slot.Key, out BootManifest? known)
                    || OrderOf(newest).CompareTo(OrderOf(known)) > 0))
                {
                    current[slot.Key] = newest;
                }
            }
        }

        HashSet<Sha256Digest> first = [.. current.Values.Select(manifest => manifest.Digest)];
        foreach (Sha256Digest gone in _releases.Where(each => now - each.Value.SeenAt >= KeepReplaced || IsExpired(each.Value.Manifest))
            .Select(each => each.Key)
            .Concat(_releases.Where(each => !first.Contains(each.Key)).OrderByDescending(each => each.Value.SeenAt).Skip(MaxReplaced)
                .Select(each => each.Key)).ToArray())
        {
            _releases.Remove(gone);
        }

        return
        [
            .. current.Values.Concat(_releases.Values.Select(each => each.Manifest).Where(manifest => !first.Contains(manifest.Digest))
                    .OrderByDescending(OrderOf))
                .Select(manifest => new DirectoryRelease(manifest.Channel, manifest.Arch, manifest)),
        ];

        bool IsExpired(BootManifest manifest) => manifest.Expires is { } expires && expires <= now;
    }

    private Dictionary<Sha256Digest, IReadOnlyList<ReplicaEndpoint>> Replicas(
        SourceReport[] reports, Dictionary<Sha256Digest, ManifestArtifact> artifacts, DateTimeOffset now)
    {
        // One provider told of by two sources counts once; the first, authoritative one knows its key, site and weight.
        // One that claims a quarantined key is that one, or wants to be taken for it. By URL nobody is judged: anyone may enrol another's.
        Dictionary<Uri, ProviderReport> providers = [];
        HashSet<string> quarantined = [.. reports.SelectMany(report => report.Quarantined)];
        foreach (ProviderReport provider in reports.SelectMany(report => report.Providers)
            .Where(provider => !quarantined.Contains(provider.ProviderId) && !quarantined.Contains(provider.ClaimedKey ?? "")))
        {
            ProviderReport first = providers.GetValueOrDefault(provider.BaseUrl) ?? (providers[provider.BaseUrl] = provider);
            foreach (Sha256Digest artifact in provider.Replicas)
            {
                _replicas[(first.ProviderId, artifact)] = now;
            }
        }

        foreach ((string, Sha256Digest) gone in _replicas
            .Where(each => now - each.Value >= KeepReplaced).Select(each => each.Key).ToArray())
        {
            _replicas.Remove(gone);
        }

        Dictionary<string, ProviderReport> byId = [];
        foreach (ProviderReport provider in providers.Values)
        {
            byId.TryAdd(provider.ProviderId, provider);
        }

        return _replicas.Keys
            .Where(each => artifacts.ContainsKey(each.Artifact) && byId.ContainsKey(each.Provider))
            .GroupBy(each => each.Artifact, each => byId[each.Provider])
            .ToDictionary(each => each.Key, each => Endpoints([.. each.OrderBy(provider => provider.ProviderId, StringComparer.Ordinal)]));
    }

    private static IReadOnlyList<ReplicaEndpoint> Endpoints(ProviderReport[] providers)
    {
        // Silent ones are worth a try where nobody is left: it may be the question that fails, not the file.
        bool isAnyoneServing = providers.Any(provider => provider.Standing is ProviderStanding.Serving);
        return
        [
            .. providers.Select(provider => new ReplicaEndpoint(
                provider.ProviderId, provider.BaseUrl, provider.Site, provider.Weight,
                provider.Standing is ProviderStanding.Serving || (!isAnyoneServing && provider.Standing is ProviderStanding.Silent),
                provider.IsWarm) { Urls = provider.Urls }),
        ];
    }

    private static (long, DateTimeOffset) OrderOf(BootManifest manifest) =>
        (manifest.Release ?? -1, manifest.Created ?? DateTimeOffset.UnixEpoch);
}
