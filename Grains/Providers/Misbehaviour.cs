namespace PhaseMesh.Grains.Providers;

/// <summary>What stands behind a report.</summary>
[GenerateSerializer]
public enum MisbehaviourWitness
{
    /// <summary>Another node's word.</summary>
    Node,

    /// <summary>The accused provider's own signature over what it sent (<see cref="ServingReceipt"/>).</summary>
    Receipt,

    /// <summary>A silo fetched the chunk itself, or an operator vouches for it.</summary>
    Silo,
}

/// <summary>A provider sent bytes for a chunk that are not the chunk's.</summary>
[GenerateSerializer]
[Immutable]
public sealed record MisbehaviourReport
{
    [Id(0)]
    public MisbehaviourWitness Witness { get; init; }

    /// <summary>Who reports, a key id.</summary>
    [Id(1)]
    public string Reporter { get; init; } = "";

    /// <summary>The published manifest that names artifact and chunk, by the digest of its bytes.</summary>
    [Id(2)]
    public string Manifest { get; init; } = "";

    [Id(3)]
    public string Artifact { get; init; } = "";

    /// <summary>From 0; -1: the artifact as a whole.</summary>
    [Id(4)]
    public int Chunk { get; init; }

    /// <summary><c>sha256:</c> of the bytes that came.</summary>
    [Id(5)]
    public string ActualDigest { get; init; } = "";

    /// <summary>Receipt: 64 bytes; empty otherwise.</summary>
    [Id(6)]
    public ReadOnlyMemory<byte> ReceiptSignature { get; init; }

    /// <summary>Receipt: the time in it, whole seconds.</summary>
    [Id(7)]
    public DateTimeOffset ReceiptTime { get; init; }
}

/// <param name="IsProven">Nobody needs to be believed.</param>
/// <param name="IsQuarantined">What became of the provider.</param>
/// <param name="Message">Why, for people.</param>
[GenerateSerializer]
[Immutable]
public sealed record MisbehaviourVerdict(
    [property: Id(0)] bool IsProven,
    [property: Id(1)] bool IsQuarantined,
    [property: Id(2)] string Message);

/// <param name="Reporter">Who said it.</param>
/// <param name="Artifact">Of which artifact.</param>
/// <param name="Chunk">Which chunk; -1: the whole.</param>
/// <param name="At">When it was told.</param>
/// <param name="Witness">What stands behind it.</param>
[GenerateSerializer]
[Immutable]
public sealed record Accusation(
    [property: Id(0)] string Reporter,
    [property: Id(1)] string Artifact,
    [property: Id(2)] int Chunk,
    [property: Id(3)] DateTimeOffset At,
    [property: Id(4)] MisbehaviourWitness Witness);
