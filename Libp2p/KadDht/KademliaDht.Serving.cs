using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.KadDht;

public sealed partial class KademliaDht
{
    // Any number of requests per stream, as the specification allows; js sends one.
    private async Task ServeAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        while (await ReadRequestAsync(stream, cancellationToken) is { } bytes)
        {
            if (!KadMessage.TryRead(bytes, out KadMessage? request))
            {
                throw new Libp2pException(DropReason.MessageInvalid, "A malformed DHT request.");
            }
            if (_node.Answer(stream.Connection.RemotePeer, request) is { } reply)
            {
                using Deadline deadline = new(_options.RequestTimeout, _options.TimeProvider, cancellationToken);
                try
                {
                    await LengthPrefixed.WriteAsync(stream.Stream, reply.Encode(), deadline.Token);
                }
                catch (OperationCanceledException exception) when (deadline.IsPassed)
                {
                    throw deadline.Translate(exception, DropReason.ReadTimeout, "A DHT reply was not read");
                }
            }
        }
        await stream.Stream.CloseWriteAsync(cancellationToken);
    }

    // Null at the peer's close, or after its silence: keeping a stream open for later requests is allowed and no fault.
    private async Task<byte[]?> ReadRequestAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(_options.StreamIdleTimeout, _options.TimeProvider, cancellationToken);
        try
        {
            return await LengthPrefixed.ReadAsync(stream.Stream.Input, KadMessage.MaxBytes, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsPassed)
        {
            return null;
        }
    }

    private void OnIdentified(PeerConnection connection, IdentifyInfo info)
    {
        if (info.Protocols.Contains(_options.ProtocolId))
        {
            Consider(connection.RemotePeer);
        }
        else
        {
            _node.Table.Remove(connection.RemotePeer);
        }
    }

    // A server that just proved to be alive: into the table, or into the place of a member that no longer answers.
    private void Consider(PeerId peer)
    {
        if (_node.Table.TryAdd(peer, out PeerId doubtful) || doubtful.IsEmpty || !_checking.TryAdd(doubtful, true))
        {
            return;
        }
        _tasks.Run("dht liveness check", async () =>
        {
            try
            {
                if (await _client.IsAliveAsync(doubtful, _stopping.Token))
                {
                    return; // Answering has moved it to the young end of its bucket.
                }
                _node.Table.Remove(doubtful);
                _node.Table.TryAdd(peer, out _);
            }
            finally
            {
                _checking.TryRemove(doubtful, out _);
            }
        });
    }
}
