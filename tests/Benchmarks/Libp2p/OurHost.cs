using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Benchmarks.Libp2p;

/// <summary>One of our hosts on loopback, with the protocols that peer.mjs serves for measuring.</summary>
internal sealed class OurHost : IAsyncDisposable
{
    public const string Drain = "/phase/drain/1.0.0";
    public const string Flood = "/phase/flood/1.0.0";

    private static readonly byte[] Block = new byte[256 * 1024];
    private readonly IdentityKey _identity;

    private OurHost(IdentityKey identity, Libp2pHost host)
    {
        _identity = identity;
        Host = host;
    }

    public Libp2pHost Host { get; }

    /// <summary>Its address on loopback, without the peer.</summary>
    public Multiaddr Address => Host.Addresses[0];

    public static async Task<OurHost> StartAsync(ITransport? transport = null)
    {
        IdentityKey identity = IdentityKey.Generate();
        HostOptions options = new() { Identity = identity, ListenAddresses = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] };
        Libp2pHost host = await Libp2pHost.StartAsync(transport is null ? options : options with { Transports = [transport] });
        host.Handle(Drain, async (stream, cancellationToken) =>
        {
            long bytes = await CountAsync(stream, cancellationToken);
            await stream.Stream.WriteAsync(Encoding.ASCII.GetBytes($"{bytes}"), cancellationToken);
            await stream.Stream.CloseWriteAsync(cancellationToken);
        });
        host.Handle(Flood, async (stream, cancellationToken) =>
            await SendAsync(stream, await ReadNumberAsync(stream, cancellationToken), cancellationToken));
        return new OurHost(identity, host);
    }

    public static async Task SendAsync(ProtocolStream stream, long bytes, CancellationToken cancellationToken)
    {
        for (long left = bytes; left > 0; left -= Block.Length)
        {
            await stream.Stream.WriteAsync(Block.AsMemory(0, (int)Math.Min(left, Block.Length)), cancellationToken);
        }
        await stream.Stream.CloseWriteAsync(cancellationToken);
    }

    public static async Task<long> CountAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        long bytes = 0;
        while (true)
        {
            ReadResult result = await stream.Stream.Input.ReadAsync(cancellationToken);
            bytes += result.Buffer.Length;
            stream.Stream.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return bytes;
            }
        }
    }

    public static async Task<long> ReadNumberAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await stream.Stream.Input.ReadAsync(cancellationToken);
            if (result.IsCompleted)
            {
                long number = long.Parse(Encoding.ASCII.GetString(result.Buffer.ToArray()), CultureInfo.InvariantCulture);
                stream.Stream.Input.AdvanceTo(result.Buffer.End);
                return number;
            }
            stream.Stream.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _identity.Dispose();
    }
}
