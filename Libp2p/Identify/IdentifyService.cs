using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Identify;

/// <summary>
/// Identify: after every connection each side asks the other who it is; push: when our protocols change, we tell everyone.
/// <code>
/// /ipfs/id/1.0.0        listener -> dialer   one varint-delimited Identify, then close
/// /ipfs/id/push/1.0.0   dialer -> listener   the same, unasked
/// </code>
/// </summary>
internal sealed class IdentifyService
{
    public const string ProtocolId = "/ipfs/id/1.0.0";
    public const string PushProtocolId = "/ipfs/id/push/1.0.0";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly Libp2pHost _host;
    private readonly HostOptions _options;

    public IdentifyService(Libp2pHost host, HostOptions options)
    {
        _host = host;
        _options = options;
        host.Handle(ProtocolId, AnswerAsync, maxStreamsPerConnection: 8);
        host.Handle(PushProtocolId, AcceptPushAsync, maxStreamsPerConnection: 8);
    }

    /// <summary>Asks the peer; null, and a fault on its account, when it does not answer properly.</summary>
    public async Task<IdentifyInfo?> AskAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(Limit, _options.TimeProvider, cancellationToken);
        try
        {
            await using ProtocolStream stream = await connection.OpenStreamAsync([ProtocolId], deadline.Token);
            await stream.Stream.CloseWriteAsync(deadline.Token);
            return await ReadAsync(stream, deadline.Token);
        }
        catch (Libp2pException exception)
        {
            if (exception.Reason == DropReason.MessageInvalid)
            {
                connection.ReportFault(exception.Reason, exception.Message);
            }
            return null;
        }
        catch (OperationCanceledException) when (deadline.IsPassed)
        {
            connection.ReportFault(DropReason.ReadTimeout, $"No answer to identify within {Limit}.");
            return null;
        }
    }

    public async Task PushAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(Limit, _options.TimeProvider, cancellationToken);
        try
        {
            if (await connection.Identified is { } known && !known.Protocols.Contains(PushProtocolId))
            {
                return;
            }
            await using ProtocolStream stream = await connection.OpenStreamAsync([PushProtocolId], deadline.Token);
            await LengthPrefixed.WriteAsync(stream.Stream, Describe(connection).Encode(), deadline.Token);
            await stream.Stream.CloseWriteAsync(deadline.Token);
        }
        catch (Libp2pException)
        {
            // The peer is gone or does not take pushes; it asks by itself when it connects again.
        }
        catch (OperationCanceledException) when (deadline.IsPassed)
        {
            connection.ReportFault(DropReason.ReadTimeout, $"An identify push was not taken within {Limit}.");
        }
    }

    private async Task AnswerAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(Limit, _options.TimeProvider, cancellationToken);
        try
        {
            await LengthPrefixed.WriteAsync(stream.Stream, Describe(stream.Connection).Encode(), deadline.Token);
            await stream.Stream.CloseWriteAsync(deadline.Token);
        }
        catch (OperationCanceledException exception) when (deadline.IsPassed)
        {
            throw deadline.Translate(exception, DropReason.ReadTimeout, "An identify answer was not taken");
        }
    }

    private async Task AcceptPushAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(Limit, _options.TimeProvider, cancellationToken);
        try
        {
            _host.Learn(stream.Connection, await ReadAsync(stream, deadline.Token));
        }
        catch (OperationCanceledException exception) when (deadline.IsPassed)
        {
            throw deadline.Translate(exception, DropReason.ReadTimeout, "An identify push did not arrive");
        }
    }

    private static async Task<IdentifyInfo> ReadAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        byte[]? message = await LengthPrefixed.ReadAsync(stream.Stream.Input, IdentifyInfo.MaxBytes, cancellationToken);
        if (message is null || !IdentifyInfo.TryRead(message, out IdentifyInfo? info))
        {
            throw new Libp2pException(DropReason.MessageInvalid, "The peer's identify message is missing or malformed.");
        }
        if (info.PublicKey is { } key && key.PeerId != stream.Connection.RemotePeer)
        {
            throw new Libp2pException(
                DropReason.MessageInvalid, $"{stream.Connection.RemotePeer} says to be {key.PeerId}; refusing its identify.");
        }
        return info;
    }

    private IdentifyInfo Describe(PeerConnection connection) => new()
    {
        PublicKey = _options.Identity.PublicKey,
        ListenAddresses = [.. _host.Addresses.Take(IdentifyInfo.MaxAddresses)],
        Protocols = _host.Protocols,
        ObservedAddress = connection.RemoteAddress,
        ProtocolVersion = _options.ProtocolVersion,
        AgentVersion = _options.AgentVersion,
    };
}
