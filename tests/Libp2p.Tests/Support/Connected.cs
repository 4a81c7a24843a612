using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.InMemory;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Two ends of one connection in this process.</summary>
internal sealed class Connected : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public required ISecureMuxedConnection Dialer { get; init; }

    public required ISecureMuxedConnection Listener { get; init; }

    public static async Task<(IByteConnection Dialer, IByteConnection Listener)> RawAsync(ITransport? transport = null, string address = "/memory/0")
    {
        transport ??= new InMemoryTransport();
        await using ITransportListener listener = await transport.ListenAsync(Multiaddr.Parse(address), CancellationToken.None);
        Task<IRawConnection?> accept = listener.AcceptAsync(CancellationToken.None).AsTask();
        IRawConnection dialled = await transport.DialAsync(listener.LocalAddress, CancellationToken.None);
        return ((IByteConnection)dialled, (IByteConnection)(await accept.WaitAsync(Patience))!);
    }

    public static async Task<Connected> OpenAsync(
        YamuxOptions? dialer = null, YamuxOptions? listener = null, ITransport? transport = null, string address = "/memory/0")
    {
        (IByteConnection left, IByteConnection right) = await RawAsync(transport, address);
        using CancellationTokenSource limit = new(Patience);
        using IdentityKey leftKey = IdentityKey.Generate();
        using IdentityKey rightKey = IdentityKey.Generate();
        Task<ISecureMuxedConnection> dialling = new ConnectionUpgrader(leftKey)
            .UpgradeAsync(left, true, rightKey.PeerId, _ => dialer ?? new YamuxOptions(), limit.Token).AsTask();
        Task<ISecureMuxedConnection> answering = new ConnectionUpgrader(rightKey)
            .UpgradeAsync(right, false, null, _ => listener ?? new YamuxOptions(), limit.Token).AsTask();
        await Task.WhenAll(dialling, answering);
        return new Connected { Dialer = await dialling, Listener = await answering };
    }

    public async ValueTask DisposeAsync()
    {
        await Dialer.DisposeAsync();
        await Listener.DisposeAsync();
    }
}
