using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Verify;

/// <summary>Refuses what must not be booted and chooses among the rest.</summary>
internal sealed class ManifestJudge(AgentOptions options, ClockFloor clock)
{
    private readonly TrustPolicy _trust = new(options.TrustedKeys);

    // Raised by all that is judged: what an earlier attempt learnt of the time stays known.
    private ClockFloor _floor = clock;

    /// <summary>Everything but the expiry, for which all manifests must have been seen.</summary>
    public bool IsTrusted(BootManifest manifest) => Judge(manifest, now: null).IsTrusted;

    /// <param name="offers">In the providers' rank order.</param>
    /// <param name="assigned">
    /// Digest of the manifest that is preferred to newer ones, if it is among those that may be booted; it makes none of them bootable.
    /// </param>
    /// <exception cref="BootFailedException">No manifest may be booted.</exception>
    public ManifestChoice Choose(IReadOnlyList<ManifestOffer> offers, Sha256Digest? assigned = null)
    {
        _floor = _floor.RaisedBy(offers.Select(offer => offer.Manifest).OfType<BootManifest>().Where(IsTrusted));
        List<(ManifestOffer Offer, ManifestVerdict Verdict)> accepted = [];
        List<RefusedOffer> refused = [];
        foreach (ManifestOffer offer in offers)
        {
            if (offer.Manifest is null)
            {
                refused.Add(new RefusedOffer(offer.Provider, offer.FormatError is null, offer.Problem, string.Empty));
                continue;
            }

            ManifestVerdict verdict = Judge(offer.Manifest, _floor.Now);
            if (verdict.IsTrusted)
            {
                accepted.Add((offer, verdict));
            }
            else
            {
                refused.Add(new RefusedOffer(offer.Provider, false, verdict.Message, RemedyFor(verdict.Refusal)));
            }
        }

        return accepted.Count == 0 ? throw NothingToBoot(refused) : Best(accepted, refused, _floor, assigned);
    }

    private ManifestVerdict Judge(BootManifest manifest, DateTimeOffset? now) =>
        ManifestVerifier.Verify(manifest, _trust, new ManifestExpectation { Channel = options.Channel, Arch = options.Arch, Now = now });

    /// <summary>
    /// The assigned one, else the newest release; of two that call themselves the same release, the one that more providers have.
    /// </summary>
    private static ManifestChoice Best(
        List<(ManifestOffer Offer, ManifestVerdict Verdict)> accepted, List<RefusedOffer> refused, ClockFloor floor, Sha256Digest? assigned)
    {
        // Providers are sources of the same release when the signed bytes agree; one may carry a signature more than another.
        List<List<(ManifestOffer Offer, ManifestVerdict Verdict)>> releases =
        [
            .. accepted.GroupBy(each => Sha256Digest.Compute(each.Offer.Manifest!.SignedBytes.Span))
                .Select(group => group.OrderByDescending(IsAssigned).ToList())
                .OrderByDescending(group => IsAssigned(group[0]))
                .ThenByDescending(group => group[0].Offer.Manifest!.Release ?? -1)
                .ThenByDescending(group => group.Count),
        ];
        (ManifestOffer chosen, ManifestVerdict verdict) = releases[0][0];
        BootManifest manifest = chosen.Manifest!;
        bool isDisputed = false;
        foreach ((ManifestOffer other, _) in releases.Skip(1).SelectMany(group => group))
        {
            bool isSameRelease = other.Manifest!.Release == manifest.Release;
            isDisputed |= isSameRelease;
            string reason = isSameRelease
                ? $"calls {other.Manifest.Digest} release {Name(manifest.Release)} too, which is {manifest.Digest} at more or better "
                    + "ranked providers"
                : IsAssigned(releases[0][0])
                ? $"has release {Name(other.Manifest.Release)}, and the fleet gives this machine {Name(manifest.Release)}"
                : $"has release {Name(other.Manifest.Release)}, older than {Name(manifest.Release)}";
            refused.Add(new RefusedOffer(other.Provider, false, reason, string.Empty));
        }

        return new ManifestChoice(manifest, verdict.Signers, [.. releases[0].Select(each => each.Offer)], refused, isDisputed, floor);

        bool IsAssigned((ManifestOffer Offer, ManifestVerdict Verdict) each) => each.Offer.Manifest!.Digest == assigned;
    }

    private static string Name(long? release) => release?.ToString() ?? "without a number";

    private static BootFailedException NothingToBoot(List<RefusedOffer> refused)
    {
        bool wasReached = refused.Exists(each => !each.WasUnreachable);
        if (!wasReached)
        {
            return new BootFailedException(AgentExitCode.NoProvider,
                $"no manifest: {string.Join("; ", refused.Select(each => $"{each.Provider} {each.Reason}"))}. "
                + "Check the URL, that plasmd runs there with this channel and arch, and the network between");
        }

        string remedy = string.Join(". ", refused.Select(each => each.Remedy).Where(text => text.Length > 0).Distinct());
        return new BootFailedException(AgentExitCode.ManifestRefused,
            string.Join("; ", refused.Select(each => $"manifest from {each.Provider}: {each.Reason}"))
                + (remedy.Length > 0 ? $" {remedy}" : string.Empty));
    }

    private string RemedyFor(ManifestRefusal refusal) => refusal switch
    {
        ManifestRefusal.UntrustedSigner or ManifestRefusal.Unsigned =>
            $"This machine trusts {string.Join(", ", options.TrustedKeys)}: add phase.trust=<the signer's key>, or sign with a trusted key "
            + "(plasmd manifest sign)",
        ManifestRefusal.BadSignature =>
            "The provider's copy was changed or damaged: publish the manifest there again, and find out who changed it",
        ManifestRefusal.ThresholdNotMet => "Let more key holders sign (plasmd manifest sign)",
        ManifestRefusal.WrongChannel or ManifestRefusal.WrongArch =>
            $"The provider does not serve {options.Channel}/{options.Arch}: correct phase.channel and phase.arch, or serve it there",
        _ => string.Empty,
    };
}
