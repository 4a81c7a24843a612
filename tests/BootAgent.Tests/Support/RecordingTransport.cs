using System.Collections.Concurrent;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>
/// TCP that keeps what was dialled, and the time that would have passed if every packet took half a round trip: each end of a connection
/// has a clock of half round trips, what it writes carries the time, and whoever reads it is later than that by one. A network of these
/// shows how many round trips come one after another, however fast or slow the machine is.
/// </summary>
internal sealed class RecordingTransport(ConcurrentDictionary<string, RecordingTransport.Wire>? wires = null) : ITransport
{
    private readonly TcpTransport _tcp = new();
    private readonly ConcurrentDictionary<string, Wire> _wires = wires ?? [];
    private int _latest;

    public ConcurrentQueue<string> Dials { get; } = [];

    public ConcurrentQueue<string> Listens { get; } = [];

    /// <summary>From the first dial to what was read last.</summary>
    public int HalfRoundTrips => Volatile.Read(ref _latest);

    public bool Supports(Multiaddr address) => _tcp.Supports(address);

    public async ValueTask<IRawConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        Dials.Enqueue(address.ToString());
        int now = HalfRoundTrips;
        IByteConnection connection = (IByteConnection)await _tcp.DialAsync(address, cancellationToken);
        Wire wire = _wires.GetOrAdd(connection.LocalAddress.ToString(), _ => new Wire());
        wire.DialledAt.TrySetResult(now);
        return new Connection(connection, new ClockedStream(connection.Stream, this, wire.Back, wire.There, now + 2));
    }

    public async ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        Listens.Enqueue(address.ToString());
        return new Listener(await _tcp.ListenAsync(address, cancellationToken), this);
    }

    private void NoteTime(int time)
    {
        for (int known = _latest; known < time; known = Volatile.Read(ref _latest))
        {
            Interlocked.CompareExchange(ref _latest, time, known);
        }
    }

    /// <summary>What is under way between two ends.</summary>
    internal sealed class Wire
    {
        public Direction There { get; } = new();

        public Direction Back { get; } = new();

        public TaskCompletionSource<int> DialledAt { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal sealed class Direction
    {
        private readonly Lock _gate = new();
        private readonly Queue<(long Begin, int Time)> _pieces = [];
        private long _written;
        private long _read;

        public void Write(int bytes, int time)
        {
            lock (_gate)
            {
                _pieces.Enqueue((_written, time));
                _written += bytes;
            }
        }

        /// <returns>When the last of these bytes arrived; 0 when it is not known.</returns>
        public int Read(int bytes)
        {
            lock (_gate)
            {
                _read += bytes;
                int latest = 0;
                while (_pieces.TryPeek(out (long Begin, int Time) piece) && piece.Begin < _read)
                {
                    latest = Math.Max(latest, piece.Time + 1);
                    _pieces.Dequeue();
                }

                return latest;
            }
        }
    }

    private sealed class Listener(ITransportListener inner, RecordingTransport owner) : ITransportListener
    {
        public Multiaddr LocalAddress => inner.LocalAddress;

        public async ValueTask<IRawConnection?> AcceptAsync(CancellationToken cancellationToken)
        {
            if (await inner.AcceptAsync(cancellationToken) is not IByteConnection connection)
            {
                return null;
            }

            Wire wire = owner._wires.GetOrAdd(connection.RemoteAddress.ToString(), _ => new Wire());
            int dialledAt = await wire.DialledAt.Task.WaitAsync(cancellationToken);
            return new Connection(connection, new ClockedStream(connection.Stream, owner, wire.There, wire.Back, dialledAt + 1));
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class Connection(IByteConnection inner, Stream stream) : IByteConnection
    {
        public Multiaddr LocalAddress => inner.LocalAddress;

        public Multiaddr RemoteAddress => inner.RemoteAddress;

        public Stream Stream => stream;

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class ClockedStream(Stream inner, RecordingTransport owner, Direction incoming, Direction outgoing, int start) : Stream
    {
        private int _clock = start;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            if (read > 0)
            {
                int time = Math.Max(Volatile.Read(ref _clock), incoming.Read(read));
                Volatile.Write(ref _clock, time);
                owner.NoteTime(time);
            }

            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            outgoing.Write(buffer.Length, Volatile.Read(ref _clock));
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous use.");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous use.");

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
