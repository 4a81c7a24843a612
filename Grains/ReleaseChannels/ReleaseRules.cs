using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>What a release must fulfil, and how it is shown.</summary>
internal static class ReleaseRules
{
    internal static ReleaseChannelKey RequireKey(string text) =>
        ReleaseChannelKey.TryParse(text, out ReleaseChannelKey key) && key.ToString() == text
            ? key
            : throw Refuse.Invalid($"Expected {ReleaseChannelKey.Expected}, found {Refuse.Quote(text)}.");

    internal static BootManifest Read(ReleaseProposal proposal)
    {
        if (proposal.Percent is < 0 or > 100)
        {
            throw Refuse.Invalid($"percent: expected 0 to 100, found {proposal.Percent}.");
        }

        Refuse.UnlessText(proposal.Actor, Refuse.MaxActorLength, "actor");
        if (proposal.Manifest.Length > BootManifest.MaxBytes)
        {
            throw Malformed($"Manifest has {proposal.Manifest.Length} bytes, expected at most {BootManifest.MaxBytes}.");
        }

        return BootManifest.TryParse(proposal.Manifest, out BootManifest? manifest, out ManifestFormatException? error)
            ? manifest
            : throw Malformed(error.Message);
    }

    internal static IReadOnlyList<Ed25519PublicKey> Verify(BootManifest manifest, ReleaseChannelKey key, TrustPolicy trust,
        DateTimeOffset now)
    {
        ManifestVerdict verdict = ManifestVerifier.Verify(
            manifest, trust, new ManifestExpectation { Channel = key.Channel, Arch = key.Arch, Now = now });
        return verdict.Refusal switch
        {
            ManifestRefusal.None => verdict.Signers,
            ManifestRefusal.WrongChannel or ManifestRefusal.WrongArch => throw Refuse.Conflict(FleetRefusals.ManifestOfOtherChannel,
                verdict.Message),
            ManifestRefusal.Expired => throw Refuse.Conflict(FleetRefusals.ManifestExpired, verdict.Message),
            _ => throw Refuse.Forbidden(FleetRefusals.ManifestNotTrusted, verdict.Message),
        };
    }

    internal static void RequireNewer(BootManifest manifest, long? highest, string channel)
    {
        if (manifest.Release is not { } release)
        {
            throw Refuse.Conflict(FleetRefusals.ReleaseNotNewer,
                $"Manifest has no release number; {channel} needs one above {highest?.ToString() ?? "none"}.");
        }

        if (release <= highest)
        {
            throw Refuse.Conflict(FleetRefusals.ReleaseNotNewer,
                $"Manifest release {release} is not above {highest}, the highest {channel} ever had; machines would refuse it as a "
                    + $"rollback. Sign a higher number.");
        }
    }

    internal static ReleaseChannelKey RequireSource(ReleaseChannelKey target, string? from)
    {
        ReleaseChannelKey source = ReleaseChannelName.TryParse(from, out ReleaseChannelName name)
            ? target with { Channel = name }
            : throw Refuse.Invalid(
                $"Promotion: expected the channel to promote from, {ReleaseChannelName.Expected}, found {Refuse.Quote(from)}.");
        return source != target ? source : throw Refuse.Invalid($"Promotion: {target} can't be promoted from itself.");
    }

    internal static void RequireSame(ImmutableArray<ReleaseArtifact> artifacts, ReleaseView? source, string from)
    {
        if (source is null)
        {
            throw Refuse.NotFound($"Promotion: channel {from} has no release.");
        }

        if (!Equal(artifacts, source.Artifacts))
        {
            throw Refuse.Conflict(FleetRefusals.ArtifactsDiffer,
                $"Promotion: the manifest's artifacts are not those of {from}'s release {source.Release}; sign a manifest with exactly "
                    + $"those.");
        }
    }

    /// <returns>The number of the release that is repeated.</returns>
    internal static string RequireEarlier(IEnumerable<ReleaseView> history, ImmutableArray<ReleaseArtifact> artifacts, string channel) =>
        history.Skip(1).FirstOrDefault(release => Equal(artifacts, release.Artifacts))?.Release.ToString()
            ?? throw Refuse.Conflict(FleetRefusals.ArtifactsDiffer,
                $"Roll-back: the manifest's artifacts are those of none of the earlier releases {channel} remembers.");

    internal static void RequireRollout(RolloutChange change)
    {
        string? fault = change.Percent is < 0 or > 100 ? $"percent: expected 0 to 100, found {change.Percent}."
            : change.HaltFailureRate is { } rate && rate is not (>= 0 and <= 1) ? $"halt_failure_rate: expected 0 to 1, found {rate}."
            : change.MinimumBoots is < 1 or > 100_000 ? $"minimum_boots: expected 1 to 100000, found {change.MinimumBoots}."
            : null;
        if (fault is not null)
        {
            throw Refuse.Invalid(fault);
        }

        Refuse.UnlessText(change.Actor, Refuse.MaxActorLength, "actor");
    }

    internal static ImmutableArray<string> RequireTrust(ReleaseChannelTrust trust)
    {
        if (trust.Keys.IsDefaultOrEmpty)
        {
            return [];
        }

        if (trust.Keys.Length > ReleaseChannelLimits.MaxTrustedKeys || trust.Keys.Any(key => !Ed25519PublicKey.TryParse(key, out _)))
        {
            throw Refuse.Invalid($"keys: expected at most {ReleaseChannelLimits.MaxTrustedKeys}, each {Ed25519PublicKey.Expected}.");
        }

        ImmutableArray<string> keys = [.. trust.Keys.Select(key => Ed25519PublicKey.Parse(key).KeyId).Distinct()];
        return trust.Threshold >= 1 && trust.Threshold <= keys.Length
            ? keys
            : throw Refuse.Invalid($"threshold: expected 1 to the number of distinct keys, {keys.Length}, found {trust.Threshold}.");
    }

    internal static TrustPolicy RequireTrusted(IEnumerable<string> keys, int threshold, string channel)
    {
        Ed25519PublicKey[] parsed = [.. keys.Select(Ed25519PublicKey.Parse)];
        return parsed.Length > 0
            ? new TrustPolicy(parsed, threshold)
            : throw Refuse.Conflict(FleetRefusals.NoTrustedKeys,
                $"{channel} trusts no key, so nothing can be published; configure trusted keys on the silos, or for this channel.");
    }

    internal static ImmutableArray<ReleaseArtifact> ArtifactsOf(BootManifest manifest) =>
    [
        .. manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind)
            .Select(artifact => new ReleaseArtifact(artifact.Kind.Name(), artifact.Digest.ToString(), artifact.SizeBytes)),
    ];

    internal static ArtifactDescription Describe(ManifestArtifact artifact, string manifest, string channel) => new()
    {
        Kind = artifact.Kind.Name(),
        SizeBytes = artifact.SizeBytes,
        ChunkSizeBytes = artifact.Chunks?.ChunkSizeBytes ?? 0,
        ChunkCount = artifact.Chunks?.Count ?? 0,
        Manifest = manifest,
        Channel = channel,
    };

    internal static ReleaseChannelView? ViewOf(ReleaseChannelGrainState state) => state.History.Count == 0 ? null : new ReleaseChannelView
    {
        Channel = state.Channel,
        Arch = state.Arch,
        Current = state.History[0],
        Settled = state.Settled,
        Rollout = state.Rollout,
        TrustedKeys = state.TrustedKeys,
    };

    private static bool Equal(ImmutableArray<ReleaseArtifact> one, ImmutableArray<ReleaseArtifact> other) => one.SequenceEqual(other);

    private static FleetRefusedException Malformed(string message) => new(RefusalKind.Invalid, FleetRefusals.ManifestMalformed, message);
}
