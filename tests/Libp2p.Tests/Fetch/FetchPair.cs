using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;

namespace PhaseMesh.Libp2p.Tests.Fetch;

/// <summary>A serving host and a fetching one.</summary>
internal sealed class FetchPair : IAsyncDisposable
{
    public TestHosts Hosts { get; } = new();

    public MemoryContent Content { get; } = new();

    public Libp2pHost Server { get; private set; } = null!;

    public Libp2pHost Peer { get; private set; } = null!;

    public FetchServer Serving { get; private set; } = null!;

    public FetchClient Client { get; private set; } = null!;

    public static async Task<FetchPair> StartAsync(
        FetchServerOptions? server = null, FetchClientOptions? client = null, bool overTcp = false, TimeProvider? time = null)
    {
        FetchPair pair = new();
        pair.Server = await pair.Hosts.StartAsync(Adjust);
        pair.Peer = await pair.Hosts.StartAsync(Adjust);
        pair.Peer.Peers.AddAddresses(pair.Server.LocalPeer, pair.Server.Addresses);
        pair.Serving = FetchServer.Start(
            pair.Server, pair.Content, (server ?? new FetchServerOptions()) with { LoggerFactory = pair.Hosts.Log });
        pair.Client = new FetchClient(pair.Peer, client);
        return pair;

        HostOptions Adjust(HostOptions options) => options with
        {
            TimeProvider = time ?? TimeProvider.System,
            Transports = overTcp ? [new TcpTransport()] : [pair.Hosts.Network],
            ListenAddresses = [Multiaddr.Parse(overTcp ? "/ip4/127.0.0.1/tcp/0" : "/memory/0")],
        };
    }

    /// <summary>Fetches and returns the bytes.</summary>
    public async Task<byte[]> BytesAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        await using FetchResponse response = await Client.FetchAsync(Server.LocalPeer, request, cancellationToken);
        return await BytesAsync(response, cancellationToken);
    }

    public static async Task<byte[]> BytesAsync(FetchResponse response, CancellationToken cancellationToken)
    {
        using MemoryStream all = new();
        await response.Body.CopyToAsync(all, cancellationToken);
        Assert.Equal(response.LengthBytes, all.Length);
        return all.ToArray();
    }

    /// <summary>A stream in the protocol on which the test itself speaks.</summary>
    public async Task<MuxedStream> RawAsync(CancellationToken cancellationToken) =>
        (await Peer.OpenStreamAsync(Server.LocalPeer, [FetchProtocol.Id], cancellationToken)).Stream;

    public async ValueTask DisposeAsync()
    {
        await Serving.DisposeAsync();
        await Hosts.DisposeAsync();
    }
}
