using System.Collections.Concurrent;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>TCP that keeps what was dialled and counts the turns of the conversations.</summary>
internal sealed class RecordingTransport : ITransport
{
    private readonly TcpTransport _tcp = new();
    private readonly Lock _gate = new();
    private int _turnsBefore;
    private Connection? _latest;

    public ConcurrentQueue<string> Dials { get; } = [];

    public ConcurrentQueue<string> Listens { get; } = [];

    /// <summary>
    /// Round trips one after another when one node leads to the next, at most: one for each connection, and how often something was read
    /// on it after something had been written, up to the moment when the next node was dialled.
    /// </summary>
    public int SequentialRoundTrips
    {
        get
        {
            lock (_gate)
            {
                return Dials.Count + _turnsBefore + (_latest?.Turns ?? 0);
            }
        }
    }

    public bool Supports(Multiaddr address) => _tcp.Supports(address);

    public async ValueTask<IRawConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Dials.Enqueue(address.ToString());
            _turnsBefore += _latest?.Turns ?? 0;
            _latest = null;
        }

        Connection connection = new((IByteConnection)await _tcp.DialAsync(address, cancellationToken));
        lock (_gate)
        {
            _latest = connection;
        }

        return connection;
    }

    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        Listens.Enqueue(address.ToString());
        return _tcp.ListenAsync(address, cancellationToken);
    }

    private sealed class Connection : IByteConnection
    {
        private readonly IByteConnection _inner;
        private int _turns;

        public Connection(IByteConnection inner)
        {
            _inner = inner;
            Stream = new CountingStream(inner.Stream, () => Interlocked.Increment(ref _turns));
        }

        public int Turns => Volatile.Read(ref _turns);

        public Multiaddr LocalAddress => _inner.LocalAddress;

        public Multiaddr RemoteAddress => _inner.RemoteAddress;

        public Stream Stream { get; }

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }

    private sealed class CountingStream(Stream inner, Action onTurn) : Stream
    {
        private int _hasWritten;

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
            if (Interlocked.Exchange(ref _hasWritten, 0) == 1)
            {
                onTurn();
            }

            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Volatile.Write(ref _hasWritten, 1);
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
