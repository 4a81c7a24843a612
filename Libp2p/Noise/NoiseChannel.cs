using System.Buffers;
using System.Buffers.Binary;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Noise;

/// <summary>
/// The encrypted channel after the handshake.
/// <code>frame = big-endian u16 length, ciphertext of up to 65519 bytes, 16-byte tag</code>
/// Both directions work in place in one pooled buffer each, which goes back to the pool while the connection is idle.
/// </summary>
internal sealed class NoiseChannel : ISecureChannel, IByteIo
{
    public const int MaxFrameTextBytes = ushort.MaxValue - NoiseCipher.TagBytes;
    private const int PrefixBytes = 2;
    private const int FrameOverheadBytes = PrefixBytes + NoiseCipher.TagBytes;

    // Up to four frames per system call; a power of two, because that is what the pool hands out.
    private const int BufferBytes = 256 * 1024;
    private const int IdleReadBytes = 16 * 1024;

    private readonly Stream _stream;
    private readonly NoiseCipher _sending;
    private readonly NoiseCipher _receiving;

    private byte[]? _output;
    private int _outputEnd;        // End of the sealed frames.
    private int _frameTextBytes;   // Text of the frame being filled, behind its prefix at _outputEnd.

    private byte[]? _input;
    private int _inputStart;
    private int _inputEnd;
    private int _lastReadBytes;
    private ReadOnlyMemory<byte> _leftover;

    public NoiseChannel(Stream stream, NoiseResult handshake)
    {
        _stream = stream;
        _sending = handshake.Sending;
        _receiving = handshake.Receiving;
        RemotePeer = handshake.RemotePeer;
    }

    public PeerId RemotePeer { get; }

    public int FreeBytes
    {
        get
        {
            int room = BufferBytes - _outputEnd;
            int frames = (room + MaxFrameTextBytes + FrameOverheadBytes - 1) / (MaxFrameTextBytes + FrameOverheadBytes);
            return Math.Max(0, room - (frames * FrameOverheadBytes) - _frameTextBytes);
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _output ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
        while (!bytes.IsEmpty)
        {
            int take = Math.Min(bytes.Length, MaxFrameTextBytes - _frameTextBytes);
            bytes[..take].CopyTo(_output.AsSpan(_outputEnd + PrefixBytes + _frameTextBytes));
            _frameTextBytes += take;
            bytes = bytes[take..];
            if (_frameTextBytes == MaxFrameTextBytes)
            {
                SealFrame();
            }
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_frameTextBytes > 0)
        {
            SealFrame();
        }
        if (_output is { } output && _outputEnd > 0)
        {
            await _stream.WriteAsync(output.AsMemory(0, _outputEnd), cancellationToken);
            _outputEnd = 0;
            _output = null;
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (!_leftover.IsEmpty)
        {
            ReadOnlyMemory<byte> rest = _leftover;
            _leftover = default;
            return rest;
        }
        while (true)
        {
            ReadOnlyMemory<byte>? text = TakeFrame();
            if (text is { IsEmpty: false } found)
            {
                return found;
            }
            if (text is null && !await FillAsync(cancellationToken))
            {
                return default;
            }
        }
    }

    public async ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            ReadOnlyMemory<byte> text = await ReceiveAsync(cancellationToken);
            if (text.IsEmpty)
            {
                throw new Libp2pException(DropReason.RemoteClose, "The peer closed the connection during the negotiation.");
            }
            int take = Math.Min(text.Length, buffer.Length);
            text[..take].CopyTo(buffer);
            buffer = buffer[take..];
            _leftover = text[take..];
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Append(bytes.Span);
        return FlushAsync(cancellationToken);
    }

    /// <summary>Only after reader and writer have ended: both own their buffers while they run.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _sending.Dispose();
        _receiving.Dispose();
        ReturnInput();
        if (_output is { } output)
        {
            _output = null;
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    private void SealFrame()
    {
        Span<byte> frame = _output.AsSpan(_outputEnd);
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)(_frameTextBytes + NoiseCipher.TagBytes));
        _sending.Encrypt(frame.Slice(PrefixBytes, _frameTextBytes), frame.Slice(PrefixBytes + _frameTextBytes, NoiseCipher.TagBytes));
        _outputEnd += _frameTextBytes + FrameOverheadBytes;
        _frameTextBytes = 0;
    }

    // Null when the buffer holds no whole frame.
    private ReadOnlyMemory<byte>? TakeFrame()
    {
        int available = _inputEnd - _inputStart;
        if (available < PrefixBytes)
        {
            return null;
        }
        int length = BinaryPrimitives.ReadUInt16BigEndian(_input.AsSpan(_inputStart));
        if (length < NoiseCipher.TagBytes)
        {
            throw new Libp2pException(DropReason.NoiseInvalid, $"A frame of {length} bytes cannot hold its 16-byte tag.");
        }
        if (available < PrefixBytes + length)
        {
            return null;
        }
        int start = _inputStart + PrefixBytes;
        int textBytes = length - NoiseCipher.TagBytes;
        if (!_receiving.TryDecrypt(_input.AsSpan(start, textBytes), _input.AsSpan(start + textBytes, NoiseCipher.TagBytes)))
        {
            throw new Libp2pException(
                DropReason.NoiseInvalid, "A frame failed to decrypt: it was damaged, or the peer's keys are not ours.");
        }
        _inputStart = start + length;
        return _input.AsMemory(start, textBytes);
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_inputStart == _inputEnd)
        {
            _inputStart = _inputEnd = 0;
            if (_lastReadBytes < IdleReadBytes)
            {
                // Quiet connections wait without a buffer: a read of zero bytes returns when there is something to read.
                ReturnInput();
                _ = await _stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
            }
        }
        _input ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
        if (_inputStart > 0)
        {
            _input.AsSpan(_inputStart, _inputEnd - _inputStart).CopyTo(_input);
            _inputEnd -= _inputStart;
            _inputStart = 0;
        }
        _lastReadBytes = await _stream.ReadAsync(_input.AsMemory(_inputEnd, BufferBytes - _inputEnd), cancellationToken);
        _inputEnd += _lastReadBytes;
        if (_lastReadBytes == 0 && _inputEnd > 0)
        {
            throw new Libp2pException(DropReason.RemoteClose, "The connection ended in the middle of a frame.");
        }
        return _lastReadBytes > 0;
    }

    private void ReturnInput()
    {
        if (_input is { } input)
        {
            _input = null;
            ArrayPool<byte>.Shared.Return(input);
        }
    }
}
