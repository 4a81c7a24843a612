namespace PhaseMesh.Serving;

/// <summary>Every limit of the HTTP side. The defaults suit a provider that boots a few hundred machines at once.</summary>
public sealed class ServingLimits
{
    /// <summary>Open connections in all; one more is closed unanswered. At least 1.</summary>
    public int MaxConnections { get; init; } = 4096;

    /// <summary>
    /// Open connections from one address (machines behind one NAT share it); one more is answered 429 and closed. At least 1.
    /// </summary>
    public int MaxConnectionsPerAddress { get; init; } = 256;

    /// <summary>Request line, bytes. Longer: 414.</summary>
    public int MaxRequestLineBytes { get; init; } = 8 * 1024;

    /// <summary>All header lines of a request, bytes; not below <see cref="MaxRequestLineBytes"/>. More: 431.</summary>
    public int MaxHeaderBytes { get; init; } = 16 * 1024;

    /// <summary>Header lines of a request. More: 431.</summary>
    public int MaxHeaderCount { get; init; } = 64;

    /// <summary>From the first byte of a request to the end of its headers. Longer: 408.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an idle connection is kept; nginx's default.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>
    /// How long a client may take for one slice of a body before it is cut off. A slice is 64 KiB until the client has shown that it
    /// is faster (<see cref="Bodies.SlicePacer"/>), so the slowest client served draws about 64 KiB in this time. 1 s or more.
    /// </summary>
    public TimeSpan SliceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How the bodies of artifacts are sent.</summary>
    public BodyTransport BodyTransport { get; init; } = BodyTransport.Best;
}

/// <summary>How the bodies of artifacts are sent.</summary>
public enum BodyTransport
{
    /// <summary>sendfile(2) on Linux, <see cref="Portable"/> elsewhere.</summary>
    Best,

    /// <summary>Read and write, on any system.</summary>
    Portable,
}
