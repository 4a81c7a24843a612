using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Transport.InMemory;

/// <summary>
/// Connections inside one process under /memory/n addresses: many nodes without sockets, and faults without a network. Instances share
/// nothing; nodes that shall reach each other are given the same one.
/// </summary>
public sealed class InMemoryTransport : ITransport
{
    private readonly ConcurrentDictionary<Multiaddr, Listener> _listeners = [];
    private long _last;

    public bool Supports(Multiaddr address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.WithoutPeer().Components is [{ Protocol.Code: 777 }];
    }

    public ValueTask<IRawConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        Multiaddr target = address.WithoutPeer();
        Multiaddr local = Next();
        Pipe there = new();
        Pipe back = new();
        if (!_listeners.TryGetValue(target, out Listener? listener)
            || !listener.Accepted.Writer.TryWrite(new Connection(target, local, there.Reader, back.Writer)))
        {
            throw new Libp2pException(DropReason.DialFailed, $"Nobody listens on {target}.");
        }
        return ValueTask.FromResult<IRawConnection>(new Connection(local, target, back.Reader, there.Writer));
    }

    /// <summary>/memory/0 takes the next free number.</summary>
    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        Multiaddr wanted = address.ToString() == "/memory/0" ? Next() : address;
        Listener listener = new(this, wanted);
        return _listeners.TryAdd(wanted, listener)
            ? ValueTask.FromResult<ITransportListener>(listener)
            : throw new InvalidOperationException($"{wanted} is taken.");
    }

    private Multiaddr Next() => Multiaddr.Parse($"/memory/{Interlocked.Increment(ref _last)}");

    private sealed class Listener(InMemoryTransport owner, Multiaddr address) : ITransportListener
    {
        public Channel<IRawConnection> Accepted { get; } = Channel.CreateBounded<IRawConnection>(512);

        public Multiaddr LocalAddress => address;

        public async ValueTask<IRawConnection?> AcceptAsync(CancellationToken cancellationToken) =>
            await Accepted.Reader.WaitToReadAsync(cancellationToken) && Accepted.Reader.TryRead(out IRawConnection? connection)
                ? connection
                : null;

        public ValueTask DisposeAsync()
        {
            owner._listeners.TryRemove(address, out _);
            Accepted.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Connection(Multiaddr local, Multiaddr remote, PipeReader input, PipeWriter output) : IByteConnection
    {
        public Multiaddr LocalAddress => local;

        public Multiaddr RemoteAddress => remote;

        public Stream Stream { get; } = new DuplexStream(input, output);

        public ValueTask DisposeAsync() => Stream.DisposeAsync();
    }
}
