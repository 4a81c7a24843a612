using System.Collections.Concurrent;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Libp2p.Tests.Fetch;

/// <summary>One manifest and artifacts whose byte at i is known without keeping them; counts what is read.</summary>
internal sealed class MemoryContent : IFetchContent
{
    public static readonly string SmallHash = "sha256:" + new string('a', 64);
    public static readonly string HugeHash = "sha256:" + new string('b', 64);
    public static readonly string BrokenHash = "sha256:" + new string('c', 64);
    public static readonly string EmptyHash = "sha256:" + new string('d', 64);
    public static readonly string LockedHash = "sha256:" + new string('e', 64);
    public const long HugeBytes = 1L << 40;
    public const int SmallBytes = 300_000;

    private long _readBytes;
    private int _open;

    public static byte[] Manifest { get; } = Patterns.Block(777, 11);

    public long ReadBytes => Interlocked.Read(ref _readBytes);

    public int Open => Volatile.Read(ref _open);

    public ConcurrentQueue<FetchRequest> Requests { get; } = [];

    /// <summary>What reads wait for; null lets them pass.</summary>
    public Task? Gate { get; set; }

    public static byte ByteAt(long index) => (byte)((index * 31) + (index >> 8));

    public static byte[] Bytes(long offset, int length) => [.. Enumerable.Range(0, length).Select(index => ByteAt(offset + index))];

    public ValueTask<IFetchSource?> OpenAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        if (request.Hash == LockedHash)
        {
            throw new IOException("The disk is on fire at /secret/path.");
        }
        IFetchSource? source = request switch
        {
            { IsManifest: true, Channel: null or "stable" } =>
                new Source(this, Manifest.Length, null, static index => Manifest[index], long.MaxValue),
            { Hash: not null } when request.Hash == SmallHash => new Source(this, SmallBytes, SmallHash, ByteAt, long.MaxValue),
            { Hash: not null } when request.Hash == HugeHash => new Source(this, HugeBytes, HugeHash, ByteAt, long.MaxValue),
            { Hash: not null } when request.Hash == BrokenHash => new Source(this, SmallBytes, BrokenHash, ByteAt, 200_000),
            { Hash: not null } when request.Hash == EmptyHash => new Source(this, 0, EmptyHash, ByteAt, long.MaxValue),
            _ => null,
        };
        return ValueTask.FromResult(source);
    }

    private sealed class Source : IFetchSource
    {
        private readonly MemoryContent _owner;
        private readonly Func<long, byte> _byteAt;
        private readonly long _brokenAt;

        public Source(MemoryContent owner, long size, string? hash, Func<long, byte> byteAt, long brokenAt)
        {
            _owner = owner;
            _byteAt = byteAt;
            _brokenAt = brokenAt;
            SizeBytes = size;
            Hash = hash;
            Interlocked.Increment(ref owner._open);
        }

        public long SizeBytes { get; }

        public string? Hash { get; }

        public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (_owner.Gate is { } gate)
            {
                await gate.WaitAsync(cancellationToken);
            }
            if (offset >= _brokenAt)
            {
                return 0;
            }
            int length = (int)Math.Min(buffer.Length, _brokenAt - offset);
            for (int index = 0; index < length; index++)
            {
                buffer.Span[index] = _byteAt(offset + index);
            }
            Interlocked.Add(ref _owner._readBytes, length);
            return length;
        }

        public ValueTask DisposeAsync()
        {
            Interlocked.Decrement(ref _owner._open);
            return ValueTask.CompletedTask;
        }
    }
}
