using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>Proof that a provider sent bytes that are not what the signed manifest says.</summary>
/// <param name="ProviderId">All bytes of the range came from it alone.</param>
/// <param name="Url">What was asked.</param>
/// <param name="Offset">In the artifact.</param>
/// <param name="Expected">By the manifest.</param>
/// <param name="Actual">Of what was received.</param>
internal sealed record Misbehaviour(
    string ProviderId, Uri Url, Sha256Digest Artifact, long Offset, int LengthBytes, Sha256Digest Expected, Sha256Digest Actual,
    DateTimeOffset At);

/// <summary>Where proofs go.</summary>
internal interface IMisbehaviourReporter
{
    /// <summary>Must not block, nor throw.</summary>
    void Report(Misbehaviour misbehaviour);
}

/// <summary>Where nobody else wants to know: the log has it anyway.</summary>
internal sealed class NoMisbehaviourReporter : IMisbehaviourReporter
{
    public void Report(Misbehaviour misbehaviour)
    {
    }
}
