using System.IO.Pipelines;
using System.Text;
using PhaseMesh.Libp2p;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Fuzz.Tests.Targets;

/// <summary>Readers of libp2p's byte streams, fed to the end of the input.</summary>
internal static class StreamTargets
{
    private const string Wanted = "/a/1.0.0";
    private static readonly byte[] CipherKey = [.. Enumerable.Range(0, 32).Select(static index => (byte)index)];
    private static readonly byte[] SealedText = [.. Enumerable.Range(0, 900).Select(static index => (byte)(index * 7))];
    private static readonly PeerId Somebody = PeerId.FromPublicKey(new byte[36]);
    private static readonly string[] Lines =
        ["\u0013/multistream/1.0.0\n", "\u0009/a/1.0.0\n", "\u0003na\n", "\u0003ls\n", "\n", "\u0001\n"];

    public static FuzzTarget[] All { get; } =
    [
        new("length-prefixed", FrameSeeds, FramesAsync),
        new("multistream", NegotiationSeeds, NegotiateAsync, Tokens: Lines),
        new("noise-handshake", HandshakeSeeds, HandshakeAsync, Rounds: 1000),
        new("noise-frames", NoiseSeeds, NoiseAsync, Rounds: 3000),
        new("yamux-header", static () => YamuxSeeds().Select(static seed => seed[..YamuxFrame.HeaderBytes]), YamuxHeaderAsync),
        new("yamux-session", YamuxSeeds, YamuxSessionAsync, Rounds: 1000),
    ];

    // Messages come out whole and in order, whatever the pieces they arrive in; the rest is refused.
    private static async ValueTask<bool> FramesAsync(byte[] input)
    {
        PipeReader reader = PipeReader.Create(new MemoryStream(input), new StreamPipeReaderOptions(bufferSize: 64));
        int consumed = 0;
        try
        {
            while (await LengthPrefixed.ReadAsync(reader, FetchProtocol.MaxMessageBytes, CancellationToken.None) is { } message)
            {
                byte[] frame = LengthPrefixed.Frame(message);
                Assert.True(input.AsSpan(consumed).StartsWith(frame));
                consumed += frame.Length;
            }
            Assert.Equal(input.Length, consumed);
            return consumed > 0;
        }
        catch (Libp2pException exception) when (exception.Reason == DropReason.MessageInvalid)
        {
            return false;
        }
    }

    // As a listener; what it agreed on is the last line it read.
    private static async ValueTask<bool> NegotiateAsync(byte[] input)
    {
        ScriptedIo io = new(input);
        try
        {
            string agreed = await MultistreamSelect.AnswerAsync(io, static protocol => protocol == Wanted, CancellationToken.None);
            Assert.Equal(Wanted, agreed);
            Assert.True(input.AsSpan(0, io.Position).EndsWith(MultistreamSelect.Encode(Wanted)));
            return true;
        }
        catch (Libp2pException exception) when (exception.Reason is DropReason.NegotiationFailed or DropReason.RemoteClose)
        {
            Assert.InRange(io.WrittenBytes, 0, 1024);
            return false;
        }
    }

    // As a listener. Nobody can complete it by chance: the third message is sealed with keys made in this run.
    private static async ValueTask<bool> HandshakeAsync(byte[] input)
    {
        using IdentityKey identity = IdentityKey.FromSeed(CipherKey);
        ScriptedIo io = new(input);
        using NoiseHandshake handshake = new(io, identity, [YamuxFrame.ProtocolId]);
        try
        {
            await handshake.RespondAsync(null, CancellationToken.None);
            Assert.Fail("A handshake was completed without the keys to it.");
            return false;
        }
        catch (Libp2pException exception) when (exception.Reason is DropReason.NoiseInvalid or DropReason.RemoteClose)
        {
            return io.WrittenBytes > 0; // Its first message was good enough for an answer.
        }
    }

    // Only what was sealed comes out, from its beginning and without a gap.
    private static async ValueTask<bool> NoiseAsync(byte[] input)
    {
        await using NoiseChannel channel = Channel(new MemoryStream(input));
        int received = 0;
        try
        {
            while (await channel.ReceiveAsync(CancellationToken.None) is { IsEmpty: false } text)
            {
                Assert.True(SealedText.AsSpan(received).StartsWith(text.Span));
                received += text.Length;
            }
        }
        catch (Libp2pException exception) when (exception.Reason is DropReason.NoiseInvalid or DropReason.RemoteClose)
        {
            return received == SealedText.Length;
        }
        return received == SealedText.Length;
    }

    private static ValueTask<bool> YamuxHeaderAsync(byte[] input)
    {
        if (input.Length < YamuxFrame.HeaderBytes || !YamuxFrame.TryRead(input, out YamuxFrame frame))
        {
            return ValueTask.FromResult(false);
        }
        byte[] written = new byte[YamuxFrame.HeaderBytes];
        frame.Write(written);
        Assert.Equal(input[..YamuxFrame.HeaderBytes], written);
        return ValueTask.FromResult(true);
    }

    // Every session ends with a reason that is the peer's; streams stay within the limit, and each gives what the input had for it.
    private static async ValueTask<bool> YamuxSessionAsync(byte[] input)
    {
        const int MaxStreams = 8;
        await using YamuxSession session = new(
            new ScriptedChannel(input), isDialer: false, new YamuxOptions { MaxInboundStreams = MaxStreams, MaxQueuedControlFrames = 64 });
        long received = 0;
        while (await session.AcceptStreamAsync(CancellationToken.None) is { } stream)
        {
            Assert.InRange(session.OpenStreams, 0, MaxStreams);
            try
            {
                if (stream.Input.TryRead(out ReadResult result))
                {
                    received += result.Buffer.Length;
                    stream.Input.AdvanceTo(result.Buffer.End);
                }
            }
            catch (Libp2pException)
            {
                // The stream was reset, or the session has ended already.
            }
        }
        DropReason reason = await session.Completion;
        Assert.True(
            reason is DropReason.RemoteClose or DropReason.YamuxInvalid or DropReason.WindowExceeded or DropReason.ControlFlood,
            $"{reason}: {session.EndMessage}");
        Assert.InRange(received, 0, input.Length);
        return reason == DropReason.RemoteClose;
    }

    private static NoiseChannel Channel(Stream stream) =>
        new(stream, new NoiseResult(Somebody, [], new NoiseCipher(CipherKey), new NoiseCipher(CipherKey)));

    private static IEnumerable<byte[]> FrameSeeds() =>
    [
        [.. LengthPrefixed.Frame("one"u8), .. LengthPrefixed.Frame([]), .. LengthPrefixed.Frame(new byte[300])],
        [0x81, 0x20, .. new byte[100]],
        [0x80, 0x00],
    ];

    private static IEnumerable<byte[]> NegotiationSeeds() =>
        new string[] { Lines[0] + Lines[1], Lines[0] + "\u0009/b/1.0.0\n" + Lines[3] + Lines[1] + "rest", "\u0013/multistream/9.0.0\n" }
            .Select(Encoding.UTF8.GetBytes)
            .Append([0xff, 0x7f, .. new byte[200]]);

    private static IEnumerable<byte[]> HandshakeSeeds() =>
    [
        [0, 32, .. new NoiseKeyPair(CipherKey).PublicKey, 0, 200, .. new byte[200]],
        [0, 32, .. new byte[32]], // The zero point.
        [0xff, 0xff, .. new byte[100]],
    ];

    private static IEnumerable<byte[]> NoiseSeeds()
    {
        using MemoryStream all = new();
        NoiseChannel channel = Channel(all);
        int[] ends = [1, 100, 400, SealedText.Length];
        int start = 0;
        foreach (int end in ends)
        {
            channel.Append(SealedText.AsSpan(start, end - start));
            channel.FlushAsync(CancellationToken.None).AsTask().Wait();
            start = end;
        }
        byte[] bytes = all.ToArray();
        return [bytes, bytes[..200], [0, 5, 1, 2, 3, 4, 5]];
    }

    private static IEnumerable<byte[]> YamuxSeeds()
    {
        byte[] data = [.. Enumerable.Range(0, 50).Select(static index => (byte)index)];
        return
        [
            [
                .. Frame(YamuxType.WindowUpdate, YamuxFlags.Syn, 1, 0), .. Frame(YamuxType.Data, YamuxFlags.None, 1, 50), .. data,
                .. Frame(YamuxType.Ping, YamuxFlags.Syn, 0, 7), .. Frame(YamuxType.Data, YamuxFlags.Fin, 1, 0),
                .. Frame(YamuxType.GoAway, YamuxFlags.None, 0, 0),
            ],
            [
                .. Frame(YamuxType.Data, YamuxFlags.Syn, 3, 50), .. data,
                .. Frame(YamuxType.Data, YamuxFlags.Syn | YamuxFlags.Fin, 5, 50), .. data,
                .. Frame(YamuxType.WindowUpdate, YamuxFlags.None, 3, 0xffff), .. Frame(YamuxType.WindowUpdate, YamuxFlags.Rst, 3, 0),
            ],
            [.. Frame(YamuxType.Data, YamuxFlags.Syn, 1, 0x00040001), .. data],
            [
                .. Enumerable.Range(0, 20).SelectMany(
                    static index => Frame(YamuxType.WindowUpdate, YamuxFlags.Syn, (uint)(1 + (2 * index)), 0)),
            ],
        ];

        static byte[] Frame(YamuxType type, YamuxFlags flags, uint stream, uint length)
        {
            byte[] bytes = new byte[YamuxFrame.HeaderBytes];
            new YamuxFrame(type, flags, stream, length).Write(bytes);
            return bytes;
        }
    }

    /// <summary>A connection whose peer says the input and hangs up.</summary>
    private sealed class ScriptedIo(byte[] input) : IByteIo
    {
        public int Position { get; private set; }

        public int WrittenBytes { get; private set; }

        public ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (buffer.Length > input.Length - Position)
            {
                throw new Libp2pException(DropReason.RemoteClose, "The input ended.");
            }
            input.AsSpan(Position, buffer.Length).CopyTo(buffer.Span);
            Position += buffer.Length;
            return ValueTask.CompletedTask;
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            WrittenBytes += bytes.Length;
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>An encrypted channel that delivers the input in pieces of uneven size and swallows what is sent.</summary>
    private sealed class ScriptedChannel(byte[] input) : ISecureChannel
    {
        private int _position;
        private int _piece;

        public PeerId RemotePeer => Somebody;

        public int FreeBytes => 65536;

        public ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken)
        {
            int take = Math.Min(input.Length - _position, 1 + ((_piece++ * 37) % 61));
            _position += take;
            return ValueTask.FromResult<ReadOnlyMemory<byte>>(input.AsMemory(_position - take, take));
        }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            // Nobody reads it.
        }

        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
