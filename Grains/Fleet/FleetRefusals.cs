namespace PhaseMesh.Grains.Fleet;

/// <summary>The slugs of <see cref="FleetRefusedException"/>.</summary>
public static class FleetRefusals
{
    /// <summary>A value breaks its rule; the message names it.</summary>
    public const string Invalid = "invalid";

    public const string NotFound = "not-found";

    /// <summary>The manifest can't be read.</summary>
    public const string ManifestMalformed = "manifest-malformed";

    /// <summary>Unsigned, signed by others, badly signed, or by too few.</summary>
    public const string ManifestNotTrusted = "manifest-not-trusted";

    /// <summary>The manifest is of another channel or architecture.</summary>
    public const string ManifestOfOtherChannel = "manifest-of-other-channel";

    public const string ManifestExpired = "manifest-expired";

    /// <summary>The channel names no keys it trusts.</summary>
    public const string NoTrustedKeys = "no-trusted-keys";

    /// <summary>The release number isn't higher than all before.</summary>
    public const string ReleaseNotNewer = "release-not-newer";

    /// <summary>The manifest's bytes were not stored before.</summary>
    public const string ManifestNotStored = "manifest-not-stored";

    /// <summary>Promotion or roll-back, and the artifacts are not those of the release it shall repeat.</summary>
    public const string ArtifactsDiffer = "artifacts-differ";

    /// <summary>The boot id, or another name, is taken by someone else.</summary>
    public const string Taken = "taken";

    /// <summary>The caller's key is not one that may.</summary>
    public const string NotAllowed = "not-allowed";

    /// <summary>Ticket or token: wrong, used, expired or missing where one is needed.</summary>
    public const string NotAdmitted = "not-admitted";

    /// <summary>The provider isn't enrolled, or was gone too long: it must enrol again.</summary>
    public const string EnrolAgain = "enrol-again";

    public const string Quarantined = "quarantined";

    /// <summary>The state the thing is in doesn't allow it.</summary>
    public const string WrongState = "wrong-state";

    /// <summary>The request was seen before.</summary>
    public const string Replayed = "replayed";

    public const string TooMany = "too-many";

    /// <summary>The report shows no misbehaviour.</summary>
    public const string ProofDoesNotHold = "proof-does-not-hold";

    /// <summary>The fleet must keep one operator.</summary>
    public const string LastOperator = "last-operator";
}
