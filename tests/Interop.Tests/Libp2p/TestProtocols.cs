using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>The same three protocols that peer.mjs serves, on our side.</summary>
internal static class TestProtocols
{
    public const string Echo = "/phase/echo/1.0.0";
    public const string Sink = "/phase/sink/1.0.0";
    public const string Source = "/phase/source/1.0.0";

    public static async Task<Libp2pHost> StartHostAsync(IdentityKey identity, LineLogger? log = null)
    {
        Libp2pHost host = await Libp2pHost.StartAsync(new HostOptions
        {
            Identity = identity,
            ListenAddresses = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            LoggerFactory = log ?? new LineLogger(),
        });
        host.Handle(Echo, EchoAsync, 1000);
        host.Handle(Sink, SinkAsync);
        host.Handle(Source, SourceAsync);
        return host;
    }

    public static string DialAddress(Libp2pHost host) => host.Addresses[0].WithPeer(host.LocalPeer).ToString();

    private static async Task EchoAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await stream.Stream.Input.ReadAsync(cancellationToken);
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
            {
                await stream.Stream.WriteAsync(segment, cancellationToken);
            }
            stream.Stream.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                await stream.Stream.CloseWriteAsync(cancellationToken);
                return;
            }
        }
    }

    private static async Task SinkAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        (string digest, long bytes) = await Patterns.ReceiveAsync(stream.Stream, cancellationToken);
        await stream.Stream.WriteAsync(Encoding.UTF8.GetBytes($"{digest} {bytes}"), cancellationToken);
        await stream.Stream.CloseWriteAsync(cancellationToken);
    }

    private static async Task SourceAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        string request = Encoding.UTF8.GetString(await Patterns.ReadAllAsync(stream.Stream, cancellationToken));
        await Patterns.SendAsync(stream.Stream, long.Parse(request, CultureInfo.InvariantCulture), cancellationToken);
    }
}
