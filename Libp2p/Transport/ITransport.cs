using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Transport;

/// <summary>
/// Reaches and accepts peers by one kind of address. A transport hands out either <see cref="IByteConnection"/> (TCP: Noise and Yamux
/// go on top) or <see cref="ISecureMuxedConnection"/> (QUIC: TLS and streams are its own).
/// </summary>
public interface ITransport
{
    /// <summary>Whether the address, with or without a peer behind it, is one this transport can dial and listen on.</summary>
    bool Supports(Multiaddr address);

    /// <summary>Connects; throws <see cref="Libp2pException"/> with <see cref="DropReason.DialFailed"/> when nobody answers.</summary>
    ValueTask<IRawConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken);

    /// <summary>Listens on the address; port 0 takes a free one, which the listener's address then names.</summary>
    ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellationToken);
}

/// <summary>An open listening socket. Dispose stops it; connections already accepted stay.</summary>
public interface ITransportListener : IAsyncDisposable
{
    Multiaddr LocalAddress { get; }

    /// <summary>The next connection, or null once the listener is disposed.</summary>
    ValueTask<IRawConnection?> AcceptAsync(CancellationToken cancellationToken);
}

/// <summary>A connection as the transport gives it: nobody is authenticated yet unless the transport does that itself.</summary>
public interface IRawConnection : IAsyncDisposable
{
    Multiaddr LocalAddress { get; }

    Multiaddr RemoteAddress { get; }
}

/// <summary>A plain ordered byte stream.</summary>
public interface IByteConnection : IRawConnection
{
    Stream Stream { get; }
}

/// <summary>A connection whose transport has already authenticated the peer and multiplexes by itself.</summary>
public interface ISecureMuxedConnection : IRawConnection
{
    PeerId RemotePeer { get; }

    IMuxer Muxer { get; }
}
