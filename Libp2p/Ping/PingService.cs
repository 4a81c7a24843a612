using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Ping;

/// <summary>
/// Ping: 32 random bytes come back as they are; any number of times per stream.
/// https://github.com/libp2p/specs/blob/master/ping/ping.md
/// </summary>
internal sealed class PingService
{
    public const string ProtocolId = "/ipfs/ping/1.0.0";
    public const int PayloadBytes = 32;

    /// <summary>A peer that keeps its stream open without pinging costs a stream; js pings every 10 seconds on a new one.</summary>
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private readonly TimeProvider _time;

    public PingService(Libp2pHost host, TimeProvider time)
    {
        _time = time;
        host.Handle(ProtocolId, AnswerAsync, maxStreamsPerConnection: 8);
    }

    /// <summary>The round trip of one ping on a stream of its own.</summary>
    /// <exception cref="Libp2pException">No answer in time, or a wrong one.</exception>
    public async Task<TimeSpan> PingAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(AnswerLimit, _time, cancellationToken);
        try
        {
            await using ProtocolStream stream = await connection.OpenStreamAsync([ProtocolId], deadline.Token);
            byte[] sent = RandomNumberGenerator.GetBytes(PayloadBytes);
            long start = _time.GetTimestamp();
            await stream.Stream.WriteAsync(sent, deadline.Token);
            byte[] received = new byte[PayloadBytes];
            await new MuxedStreamIo(stream.Stream).ReadExactlyAsync(received, deadline.Token);
            TimeSpan roundTrip = _time.GetElapsedTime(start);
            await stream.Stream.CloseWriteAsync(deadline.Token);
            return received.AsSpan().SequenceEqual(sent)
                ? roundTrip
                : throw new Libp2pException(DropReason.MessageInvalid, $"{connection.RemotePeer} answered a ping with other bytes.");
        }
        catch (OperationCanceledException exception) when (deadline.IsPassed)
        {
            throw deadline.Translate(exception, DropReason.ReadTimeout, $"{connection.RemotePeer} did not answer a ping");
        }
    }

    private async Task AnswerAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        PipeReader input = stream.Stream.Input;
        byte[] payload = new byte[PayloadBytes];
        while (true)
        {
            using Deadline deadline = new(IdleLimit, _time, cancellationToken);
            try
            {
                ReadResult result = await input.ReadAtLeastAsync(PayloadBytes, deadline.Token);
                if (result.Buffer.Length < PayloadBytes)
                {
                    bool isClean = result.Buffer.IsEmpty;
                    input.AdvanceTo(result.Buffer.End);
                    await stream.Stream.CloseWriteAsync(deadline.Token);
                    if (!isClean)
                    {
                        throw new Libp2pException(DropReason.MessageInvalid, "A ping was cut short.");
                    }
                    return;
                }
                ReadOnlySequence<byte> taken = result.Buffer.Slice(0, PayloadBytes);
                taken.CopyTo(payload);
                input.AdvanceTo(taken.End);
                await stream.Stream.WriteAsync(payload, deadline.Token);
            }
            catch (OperationCanceledException exception) when (deadline.IsPassed)
            {
                throw deadline.Translate(exception, DropReason.ReadTimeout, "A ping stream was silent, no ping");
            }
        }
    }
}
