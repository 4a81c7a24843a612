using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Host;

/// <summary>A stream on which both sides agreed to speak one protocol.</summary>
[SuppressMessage("Naming", "CA1711", Justification = "The field's own word, as in MuxedStream.")]
public sealed class ProtocolStream(PeerConnection connection, string protocol, MuxedStream stream) : IAsyncDisposable
{
    public PeerConnection Connection => connection;

    public string Protocol => protocol;

    public MuxedStream Stream => stream;

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}

/// <summary>
/// Serves one inbound stream. The host disposes the stream behind it. A thrown <see cref="Libp2pException"/> counts as the peer's fault
/// and resets the stream; any other exception is logged as ours and resets it too.
/// </summary>
public delegate Task StreamHandler(ProtocolStream stream, CancellationToken cancellationToken);
