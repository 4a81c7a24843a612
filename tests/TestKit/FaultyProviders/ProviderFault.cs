namespace PhaseMesh.TestKit.FaultyProviders;

/// <summary>What a <see cref="FaultyProvider"/> does wrong, on every request it applies to.</summary>
public enum ProviderFault
{
    None,

    /// <summary>404 for everything.</summary>
    NotFound,

    /// <summary>500 for everything.</summary>
    ServerError,

    /// <summary>503 with <see cref="FaultyProvider.RetryAfter"/> for everything.</summary>
    Busy,

    /// <summary>A redirect to itself.</summary>
    RedirectLoop,

    /// <summary>A redirect to https.</summary>
    RedirectToHttps,

    /// <summary>Accepts the request and never answers.</summary>
    SlowHeaders,

    /// <summary>More headers than anybody needs.</summary>
    HugeHeaders,

    /// <summary>Answers in a language that isn't HTTP.</summary>
    Gibberish,

    /// <summary>One byte at <see cref="FaultyProvider.FaultAt"/> is wrong.</summary>
    FlipsByte,

    /// <summary>Closes the connection at <see cref="FaultyProvider.FaultAt"/>, whatever length it has announced.</summary>
    Truncates,

    /// <summary>Resets the connection at <see cref="FaultyProvider.FaultAt"/>.</summary>
    Resets,

    /// <summary>Announces and serves a file that ends at <see cref="FaultyProvider.FaultAt"/>.</summary>
    ShortFile,

    /// <summary>Announces and serves more bytes than were asked for.</summary>
    TooMuch,

    /// <summary>Sends more than was asked for in chunked transfer encoding, which announces no length.</summary>
    TooMuchUnannounced,

    /// <summary>Sends nothing more from <see cref="FaultyProvider.FaultAt"/> on.</summary>
    Stalls,

    /// <summary>One byte a second from <see cref="FaultyProvider.FaultAt"/> on.</summary>
    Drips,

    /// <summary>The Content-Range is another one than asked for.</summary>
    WrongContentRange,

    /// <summary>Answers every range with status 200 and the whole file, as a server without ranges may.</summary>
    IgnoresRanges,

    /// <summary>Content-Encoding: gzip.</summary>
    Compresses,

    /// <summary>Closes the port and every connection once it has served <see cref="FaultyProvider.FaultAt"/> bytes of artifacts.</summary>
    Dies,
}
