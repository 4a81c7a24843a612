namespace PhaseMesh.Cluster;

/// <summary>Why a grain leaves this silo's memory. Its state is unaffected.</summary>
public readonly struct DeactivationReason(DeactivationReasonCode code, string text) : IEquatable<DeactivationReason>
{
    public DeactivationReasonCode ReasonCode => code;

    public string Description => text;

    public static bool operator ==(DeactivationReason left, DeactivationReason right) => left.Equals(right);

    public static bool operator !=(DeactivationReason left, DeactivationReason right) => !left.Equals(right);

    public bool Equals(DeactivationReason other) => ReasonCode == other.ReasonCode && Description == other.Description;

    public override bool Equals(object? obj) => obj is DeactivationReason other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(ReasonCode, Description);
}

/// <summary>The kinds of <see cref="DeactivationReason"/> that occur.</summary>
public enum DeactivationReasonCode
{
    None,
    ShuttingDown,
    ActivationIdle,
    ApplicationRequested,
    ActivationFailed,
}
