using System.Text.Json.Nodes;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Benchmarks.Libp2p;

/// <summary>
/// Two of our hosts against two of js-libp2p's, over TCP on loopback. A stream: 128 MiB over one muxed stream, once pushed and once pulled
/// by the dialer; the slower counts. Handshakes: dial, Noise, Yamux and identify with eight listeners side by side. js has a process
/// for each end, so that it uses both cores as well.
/// </summary>
internal sealed class ConnectionBenchmark : IBenchmark
{
    private const string PeerName = "js-libp2p";
    private const long StreamBytes = 128L * 1024 * 1024;
    private const int Listeners = 8;
    private const int DialsPerListener = 25;

    public IReadOnlyList<string> RowNames { get; } = ["libp2p.stream", "libp2p.handshakes"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using OurHost dialer = await OurHost.StartAsync();
        await using JsPeer jsDialer = new();
        await using JsPeer jsListener = new();
        await jsDialer.InitializeAsync();
        await jsListener.InitializeAsync();
        await jsDialer.StartNodeAsync();
        List<OurHost> listeners = [];
        JsonArray jsAddresses = [];
        try
        {
            for (int index = 0; index < Listeners; index++)
            {
                listeners.Add(await OurHost.StartAsync());
                jsAddresses.Add(await jsListener.StartNodeAsync($"listener {index}"));
            }
            List<(double, double)> streams = [];
            List<(double, double)> handshakes = [];
            for (int round = -1; round < rounds; round++)
            {
                (double, double) stream = (await StreamAsync(dialer, listeners[0]), await StreamAsync(jsDialer, jsAddresses[0]!));
                (double, double) handshake = (await HandshakesAsync(dialer, listeners), await HandshakesAsync(jsDialer, jsAddresses));
                if (round >= 0) // Neither pays for a cold start.
                {
                    streams.Add(stream);
                    handshakes.Add(handshake);
                }
            }
            return
            [
                Row.From(RowNames[0], "GB/s", higherIsBetter: true, PeerName, streams),
                Row.From(RowNames[1], "1/s", higherIsBetter: true, PeerName, handshakes),
            ];
        }
        finally
        {
            foreach (OurHost listener in listeners)
            {
                await listener.DisposeAsync();
            }
        }
    }

    private static async Task<double> StreamAsync(OurHost dialer, OurHost listener)
    {
        PeerConnection connection = await dialer.Host.ConnectAsync(listener.Address.WithPeer(listener.Host.LocalPeer));
        long start = TimeProvider.System.GetTimestamp();
        await using (ProtocolStream push = await connection.OpenStreamAsync([OurHost.Drain], CancellationToken.None))
        {
            await OurHost.SendAsync(push, StreamBytes, CancellationToken.None);
            Expect(await OurHost.ReadNumberAsync(push, CancellationToken.None));
        }
        double pushed = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        start = TimeProvider.System.GetTimestamp();
        await using (ProtocolStream pull = await connection.OpenStreamAsync([OurHost.Flood], CancellationToken.None))
        {
            await pull.Stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{StreamBytes}"), CancellationToken.None);
            await pull.Stream.CloseWriteAsync(CancellationToken.None);
            Expect(await OurHost.CountAsync(pull, CancellationToken.None));
        }
        double pulled = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        return StreamBytes / 1e9 / Math.Max(pushed, pulled);
    }

    private static async Task<double> StreamAsync(JsPeer dialer, JsonNode address)
    {
        double slowest = 0;
        foreach (string command in (string[])["push", "pull"])
        {
            JsonNode result = await dialer.RunAsync(command, ("address", address.DeepClone()), ("bytes", StreamBytes));
            Expect(result["bytes"]!.GetValue<long>());
            slowest = Math.Max(slowest, result["milliseconds"]!.GetValue<double>() / 1000);
        }
        return StreamBytes / 1e9 / slowest;
    }

    private static async Task<double> HandshakesAsync(OurHost dialer, List<OurHost> listeners)
    {
        long start = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(listeners.Select(async listener =>
        {
            for (int index = 0; index < DialsPerListener; index++)
            {
                // Without the peer in the address there is no connection to reuse.
                PeerConnection connection = await dialer.Host.ConnectAsync(listener.Address);
                if (await connection.Identified is null)
                {
                    throw new InvalidOperationException("A peer did not identify itself.");
                }
                await connection.DisposeAsync();
            }
        }));
        return Listeners * DialsPerListener / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> HandshakesAsync(JsPeer dialer, JsonArray addresses)
    {
        JsonNode result = await dialer.RunAsync("handshakes", ("addresses", addresses.DeepClone()), ("count", DialsPerListener));
        return Listeners * DialsPerListener / (result["milliseconds"]!.GetValue<double>() / 1000);
    }

    private static void Expect(long bytes)
    {
        if (bytes != StreamBytes)
        {
            throw new InvalidOperationException($"{bytes} bytes arrived instead of {StreamBytes}.");
        }
    }
}
