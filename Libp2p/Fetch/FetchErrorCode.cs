namespace PhaseMesh.Libp2p.Fetch;

/// <summary>Why a peer refused a request.</summary>
public enum FetchErrorCode
{
    /// <summary>The peer has no such content.</summary>
    NotFound,

    /// <summary>The peer did not understand the request.</summary>
    BadRequest,

    /// <summary>The range is not within the content.</summary>
    BadRange,

    /// <summary>The peer serves as many streams as it takes on; try another, or later.</summary>
    Busy,

    /// <summary>The peer has it, but cannot give it now.</summary>
    Unavailable,
}

/// <summary>A peer answered a request with a refusal. The stream it came on is in order.</summary>
public sealed class FetchRefusedException(FetchErrorCode code, string message) : IOException(message)
{
    public FetchErrorCode Code => code;
}

internal static class FetchErrorCodes
{
    private static readonly string[] Names = ["not_found", "bad_request", "bad_range", "busy", "unavailable"];

    public static string ToWire(this FetchErrorCode code) => Names[(int)code];

    public static FetchErrorCode? FromWire(string text) =>
        Array.IndexOf(Names, text) is >= 0 and int index ? (FetchErrorCode)index : null;
}
