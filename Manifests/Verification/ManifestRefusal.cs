using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Manifests;

/// <summary>Why a manifest isn't trusted; the first reason in this order.</summary>
public enum ManifestRefusal
{
    /// <summary>It is trusted.</summary>
    None,

    /// <summary>No signature at all.</summary>
    [SuppressMessage("Naming", "CA1720", Justification = "Not signed is what it means here; no integer type is near.")]
    Unsigned,

    /// <summary>Signatures, but none by a trusted key.</summary>
    UntrustedSigner,

    /// <summary>A signature that names a trusted key and isn't valid.</summary>
    BadSignature,

    /// <summary>Valid signatures by trusted keys, but fewer than needed.</summary>
    ThresholdNotMet,

    WrongChannel,
    WrongArch,
    Expired,

    /// <summary>Older than the least release asked for, or without a release number where one is needed.</summary>
    ReleaseTooOld,
}
