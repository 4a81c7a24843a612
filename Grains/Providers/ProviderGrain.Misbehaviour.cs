using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.Providers;

/// <summary>
/// Reports of bad chunks. 1. The report must contradict a published manifest, 2. its witness decides what it weighs, 3. it is kept.
/// </summary>
internal sealed partial class ProviderGrain
{
    public async Task<MisbehaviourVerdict> ReportMisbehaviourAsync(MisbehaviourReport report)
    {
        RequireRecord();
        Refuse.UnlessProvider(report.Reporter);
        (Sha256Digest artifact, Sha256Digest actual) = await RequireContradictionAsync(report);
        bool isProven = report.Witness switch
        {
            MisbehaviourWitness.Silo => true,
            MisbehaviourWitness.Receipt => RequireReceipt(report, artifact, actual),
            _ => false,
        };
        if (!isProven && report.Reporter == Key)
        {
            throw Refuse.Invalid("A provider can't accuse itself.");
        }

        DateTimeOffset now = time.GetUtcNow();
        List<Accusation> accusations = provider.State.Accusations;
        int others = isProven ? 0 : await CountAccusersAsync(report.Reporter, now);
        accusations.RemoveAll(known => known.Reporter == report.Reporter && known.Artifact == report.Artifact
            && known.Chunk == report.Chunk);
        accusations.Add(new Accusation(report.Reporter, report.Artifact, report.Chunk, now, report.Witness));
        accusations.RemoveRange(0, Math.Max(0, accusations.Count - ProviderLimits.MaxAccusations));

        bool isEnough = isProven || others >= options.AccusersToQuarantine;
        string message = isProven
            ? $"proven by its {(report.Witness == MisbehaviourWitness.Receipt ? "own receipt" : "answer to a silo")}: chunk "
                + $"{report.Chunk} of {report.Artifact} was not what the manifest says"
            : $"{others} serving providers say that it sends bad chunks, the last one chunk {report.Chunk} of {report.Artifact}";
        bool isNew = isEnough && provider.State.State != ProviderState.Quarantined;
        if (!isNew)
        {
            await provider.WriteStateAsync();
            log.Accused(Key, report.Reporter, report.Chunk, report.Artifact);
            return new MisbehaviourVerdict(isProven, provider.State.State == ProviderState.Quarantined, message);
        }

        await ChangeAsync(ProviderState.Quarantined, message, now);
        log.Quarantined(Key, message);
        await GrainFactory.GetGrain<IReplicaGrain>($"{report.Artifact}/{Key}").RefuteAsync(message);
        return new MisbehaviourVerdict(isProven, true, message);
    }

    /// <summary>What the reporter says it got must not be what a published manifest says.</summary>
    private async Task<(Sha256Digest Artifact, Sha256Digest Actual)> RequireContradictionAsync(MisbehaviourReport report)
    {
        if (!Sha256Digest.TryParse(report.Artifact, out Sha256Digest digest) || !Sha256Digest.TryParse(report.ActualDigest,
            out Sha256Digest actual)
            || !Sha256Digest.TryParse(report.Manifest, out _))
        {
            throw Refuse.Invalid($"artifact, manifest and the digest of what came: expected {Sha256Digest.Expected} for each.");
        }

        ReadOnlyMemory<byte> bytes = await GrainFactory.GetGrain<IManifestGrain>(report.Manifest).GetAsync()
            ?? throw Refuse.Conflict(FleetRefusals.ProofDoesNotHold,
                $"No release has the manifest {report.Manifest}, so nothing can be held against it.");
        ManifestArtifact artifact = BootManifest.Parse(bytes).Artifacts.Values.FirstOrDefault(candidate => candidate.Digest == digest)
            ?? throw Refuse.Conflict(FleetRefusals.ProofDoesNotHold, $"Manifest {report.Manifest} doesn't name {report.Artifact}.");
        Sha256Digest expected = report.Chunk == -1 ? artifact.Digest
            : report.Chunk >= 0 && report.Chunk < artifact.Chunks?.Count ? artifact.Chunks[report.Chunk]
            : throw Refuse.Invalid($"chunk: expected -1 to {(artifact.Chunks?.Count ?? 0) - 1}, found {report.Chunk}.");
        return actual != expected
            ? (digest, actual)
            : throw Refuse.Conflict(FleetRefusals.ProofDoesNotHold,
                $"The bytes have the digest that the manifest gives chunk {report.Chunk}: nothing is wrong.");
    }

    private bool RequireReceipt(MisbehaviourReport report, Sha256Digest artifact, Sha256Digest actual) =>
        Ed25519PublicKey.Parse(Key).Verify(ServingReceipt.SignedText(artifact, report.Chunk, actual, report.ReceiptTime),
            report.ReceiptSignature.Span)
            ? true
            : throw Refuse.Conflict(FleetRefusals.ProofDoesNotHold,
                $"The receipt isn't signed by {Key} over these bytes: it proves nothing.");

    /// <summary>
    /// How many serving providers accuse it lately, this one included. None in an open fleet, where anyone can be any number of providers.
    /// </summary>
    private async Task<int> CountAccusersAsync(string reporter, DateTimeOffset now)
    {
        if ((await GrainFactory.GetGrain<IFleetGrain>(IFleetGrain.Key).GetAsync()).Policy == AdmissionPolicy.Open)
        {
            return 0;
        }

        IEnumerable<string> reporters = provider.State.Accusations
            .Where(accusation => now - accusation.At < options.AccusationWindow).Select(accusation => accusation.Reporter)
                .Append(reporter).Distinct();
        int count = 0;
        foreach (string other in reporters.Where(other => other != Key))
        {
            count += (await GrainFactory.GetGrain<IProviderGrain>(other).GetAsync())?.State == ProviderState.Serving ? 1 : 0;
        }

        return count;
    }
}
