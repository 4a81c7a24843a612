namespace PhaseMesh.Gateway.Routing;

/// <summary>What went wrong with a transfer, always by the replica's doing; a client that went away is no fault.</summary>
internal enum ReplicaFault
{
    ConnectFailed,

    /// <summary>Sent too little for too long; the progress watchdog says so.</summary>
    Stalled,

    /// <summary>The connection broke in mid-body.</summary>
    Reset,

    /// <summary>The bytes do not match the signed digest: excluded at once, until pardoned.</summary>
    WrongBytes,

    /// <summary>Answered another range than was asked for.</summary>
    WrongRange,

    /// <summary>Answered neither 200 nor 206 nor 503.</summary>
    WrongStatus,

    /// <summary>Ended the body early without breaking the connection.</summary>
    Truncated,

    /// <summary>Sent, or announced, more than was asked for.</summary>
    Overlong,

    /// <summary>Said that it is full: 503, or 429.</summary>
    Busy,
}
