namespace PhaseMesh.Silo.Fleet.Access;

/// <summary>Who may make a call.</summary>
internal enum FleetRole
{
    /// <summary>Everyone, unsigned; signed by an operator or an admitted provider where <c>open_reads</c> is false.</summary>
    Reader,

    /// <summary>Whoever signs; what the key may do is decided by what it does.</summary>
    AnyKey,

    /// <summary>The provider whose key is in the path.</summary>
    ProviderItself,

    ProviderItselfOrOperator,

    Operator,
}

/// <summary>What <see cref="FleetGate"/> asks of a call before the endpoint sees it.</summary>
/// <param name="Role">Who may.</param>
internal sealed record FleetAccess(FleetRole Role)
{
    public const int UsualBodyBytes = 64 << 10;

    /// <summary>Larger bodies are refused, before they are read where their length is told.</summary>
    public int MaxBodyBytes { get; init; } = UsualBodyBytes;

    /// <summary>
    /// It counts once on all silos together, for which its nonce is stored. Calls whose repetition changes nothing need it not; those are
    /// refused by the silo that saw them.
    /// </summary>
    public bool IsOnce { get; init; }

    /// <summary>Counts against the flood limit of its source address.</summary>
    public bool IsMetered { get; init; }
}
