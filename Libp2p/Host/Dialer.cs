using System.Collections.Concurrent;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Host;

/// <summary>
/// Makes outbound connections. One dial per peer is under way at a time, whoever asks; its addresses are tried side by side and the
/// first that completes the handshake wins.
/// </summary>
internal sealed class Dialer(
    HostOptions options, ConnectionUpgrader upgrader, ConnectionTable table, PeerBook book, Func<PeerId, YamuxOptions> yamux,
    Func<ISecureMuxedConnection, PeerConnection> adopt, CancellationToken stopping)
{
    private readonly ConcurrentDictionary<PeerId, Lazy<Task<PeerConnection>>> _underWay = [];
    private readonly DialBackOff _backOff = new(options.Limits, options.TimeProvider);

    public async Task<PeerConnection> DialAsync(PeerId peer, bool ignoreBackOff, CancellationToken cancellationToken)
    {
        if (table.Find(peer) is { } existing)
        {
            return existing;
        }
        if (!ignoreBackOff && _backOff.Remaining(peer) is { Ticks: > 0 } pause)
        {
            throw new Libp2pException(DropReason.DialBackOff, $"{peer} failed recently; it is left alone for another {pause}.");
        }
        Lazy<Task<PeerConnection>> dial = _underWay.GetOrAdd(peer, key => new Lazy<Task<PeerConnection>>(() => DialKnownAsync(key)));
        // The dial serves everybody who waits for it, so one caller's cancellation leaves it running until its own time limit.
        return await dial.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Dials an address whose peer is not known yet.</summary>
    public async Task<PeerConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(options.Limits.DialTimeout, options.TimeProvider, cancellationToken);
        return adopt(await DialOneAsync(address, null, deadline));
    }

    private async Task<PeerConnection> DialKnownAsync(PeerId peer)
    {
        try
        {
            await Task.Yield(); // GetOrAdd's entry must exist before it is removed below.
            PeerConnection connection = await DialAllAsync(peer);
            _backOff.Succeeded(peer);
            return connection;
        }
        catch (Libp2pException exception)
        {
            Libp2pInstruments.DialFailed(exception.Reason);
            _backOff.Failed(peer);
            throw;
        }
        finally
        {
            _underWay.TryRemove(peer, out _);
        }
    }

    private async Task<PeerConnection> DialAllAsync(PeerId peer)
    {
        List<Multiaddr> addresses = [.. book.AddressesOf(peer)
            .Where(address => options.Transports.Any(transport => transport.Supports(address)))
            .Take(options.Limits.MaxAddressesPerDial)];
        if (addresses.Count == 0)
        {
            throw new Libp2pException(DropReason.DialFailed, $"No address of {peer} is known that this host can dial.");
        }
        using CancellationTokenSource others = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using Deadline deadline = new(options.Limits.DialTimeout, options.TimeProvider, others.Token);
        List<Task<ISecureMuxedConnection>> attempts = [.. addresses.Select(address => DialOneAsync(address, peer, deadline))];
        List<string> problems = [];
        ISecureMuxedConnection? winner = null;
        DropReason reason = DropReason.DialFailed;
        while (attempts.Count > 0)
        {
            Task<ISecureMuxedConnection> ended = await Task.WhenAny(attempts);
            attempts.Remove(ended);
            try
            {
                ISecureMuxedConnection connection = await ended;
                if (winner is null)
                {
                    winner = connection;
                    await others.CancelAsync();
                }
                else
                {
                    await connection.DisposeAsync();
                }
            }
            catch (Libp2pException exception)
            {
                problems.Add(exception.Message);
                reason = addresses.Count == 1 ? exception.Reason : reason;
            }
            catch (OperationCanceledException) when (winner is not null)
            {
                // Lost the race.
            }
        }
        return winner is not null
            ? adopt(winner)
            : throw new Libp2pException(reason, $"{peer} could not be dialled: {string.Join(" ", problems)}");
    }

    private async Task<ISecureMuxedConnection> DialOneAsync(Multiaddr address, PeerId? expected, Deadline deadline)
    {
        ITransport transport = options.Transports.FirstOrDefault(candidate => candidate.Supports(address))
            ?? throw new Libp2pException(DropReason.DialFailed, $"No transport of this host dials {address}.");
        IRawConnection? raw = null;
        try
        {
            raw = await transport.DialAsync(address, deadline.Token);
            return raw switch
            {
                ISecureMuxedConnection ready when expected is null || ready.RemotePeer == expected => ready,
                IByteConnection bytes => await upgrader.UpgradeAsync(bytes, true, expected, yamux, deadline.Token),
                _ => throw new Libp2pException(DropReason.PeerIdMismatch, $"Dialled {expected}, but another peer answered at {address}."),
            };
        }
        catch (Exception exception)
        {
            if (raw is not null)
            {
                await raw.DisposeAsync();
            }
            if (exception is OperationCanceledException)
            {
                throw deadline.Translate(exception, DropReason.HandshakeTimeout, $"{address} did not finish the handshake");
            }
            throw exception is IOException and not Libp2pException
                ? new Libp2pException(DropReason.RemoteClose, $"{address} broke off: {exception.Message}", exception)
                : exception;
        }
    }
}
