using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>A peer that follows the rules up to the encrypted channel, and from there says whatever the test wants.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly IByteConnection _connection;

    private RawPeer(IByteConnection connection, NoiseChannel channel)
    {
        _connection = connection;
        Channel = channel;
    }

    public NoiseChannel Channel { get; }

    public static async Task<RawPeer> DialAsync(ITransport transport, Multiaddr address, CancellationToken cancellationToken)
    {
        IByteConnection connection = (IByteConnection)await transport.DialAsync(address, cancellationToken);
        using IdentityKey identity = IdentityKey.Generate();
        StreamIo io = new(connection.Stream);
        using NoiseHandshake handshake = new(io, identity, [YamuxFrame.ProtocolId]);
        return new RawPeer(connection, new NoiseChannel(connection.Stream, await handshake.InitiateAsync(null, cancellationToken)));
    }

    public ValueTask SendAsync(YamuxFrame frame, CancellationToken cancellationToken) => SendAsync(frame, [], cancellationToken);

    public async ValueTask SendAsync(YamuxFrame frame, byte[] payload, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[YamuxFrame.HeaderBytes + payload.Length];
        frame.Write(bytes);
        payload.CopyTo(bytes, YamuxFrame.HeaderBytes);
        await SendAsync(bytes, cancellationToken);
    }

    public async ValueTask SendAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        for (int offset = 0; offset < bytes.Length;)
        {
            int take = Math.Min(Channel.FreeBytes, bytes.Length - offset);
            Channel.Append(bytes.AsSpan(offset, take));
            offset += take;
            await Channel.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Bytes past the encryption.</summary>
    public async ValueTask SendRawAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        await _connection.Stream.WriteAsync(bytes, cancellationToken);
        await _connection.Stream.FlushAsync(cancellationToken);
    }

    /// <summary>Reads until the other side has closed.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!(await Channel.ReceiveAsync(cancellationToken)).IsEmpty)
            {
            }
        }
        catch (IOException)
        {
            // A reset is an end as well.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
