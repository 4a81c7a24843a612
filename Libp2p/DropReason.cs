namespace PhaseMesh.Libp2p;

/// <summary>
/// Why a connection, stream or message was given up. The names are label values of the metrics, so they never change meaning.
/// </summary>
public enum DropReason
{
    None,

    /// <summary>This side closed it in good order.</summary>
    LocalClose,

    /// <summary>The other side closed it, or the network did.</summary>
    RemoteClose,

    /// <summary>The handshake or negotiation took longer than allowed.</summary>
    HandshakeTimeout,

    /// <summary>multistream-select was malformed or found no common protocol.</summary>
    NegotiationFailed,

    /// <summary>A Noise message failed to parse or to decrypt.</summary>
    NoiseInvalid,

    /// <summary>The peer proved another identity than the one that was dialled.</summary>
    PeerIdMismatch,

    /// <summary>The peer's identity is not Ed25519.</summary>
    UnsupportedKey,

    /// <summary>A Yamux frame broke the protocol.</summary>
    YamuxInvalid,

    /// <summary>The peer sent more than its window allowed.</summary>
    WindowExceeded,

    /// <summary>The peer made us queue more answers than it reads.</summary>
    ControlFlood,

    /// <summary>The peer kept on opening streams beyond its limit.</summary>
    StreamFlood,

    /// <summary>No answer to a keep-alive ping.</summary>
    KeepAliveTimeout,

    /// <summary>A limit of connections or streams was reached.</summary>
    LimitReached,

    /// <summary>A peer that has nothing to say kept its stream open too long, or was too slow.</summary>
    ReadTimeout,

    /// <summary>A message of a protocol above the muxer was malformed or too long.</summary>
    MessageInvalid,

    /// <summary>No address of the peer answered.</summary>
    DialFailed,

    /// <summary>The peer failed recently and is left alone for a while.</summary>
    DialBackOff,

    /// <summary>The stream was reset by the other side.</summary>
    RemoteReset,

    /// <summary>A fault of this library, reported with its exception; the connection is given up so that nobody waits for ever.</summary>
    InternalError,
}
