using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests;

/// <summary>Whether a manifest may be acted on.</summary>
public sealed record ManifestVerdict
{
    internal ManifestVerdict(ManifestRefusal refusal, string message, IReadOnlyList<Ed25519PublicKey> signers)
    {
        Refusal = refusal;
        Message = message;
        Signers = signers;
    }

    public bool IsTrusted => Refusal == ManifestRefusal.None;

    public ManifestRefusal Refusal { get; }

    /// <summary>One line for people: what was found, what was expected, what follows.</summary>
    public string Message { get; }

    /// <summary>The trusted keys whose signatures are valid, each once.</summary>
    public IReadOnlyList<Ed25519PublicKey> Signers { get; }
}
