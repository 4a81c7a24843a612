using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Host;

public sealed partial class Libp2pHost
{
    private async Task AcceptAsync(ITransportListener listener)
    {
        while (await listener.AcceptAsync(_stopping.Token) is { } raw)
        {
            AddressRange? range = AddressRange.Of(raw.RemoteAddress);
            if (_table.TryBeginInbound(range))
            {
                _tasks.Run("inbound handshake", () => WelcomeAsync(raw, range));
            }
            else
            {
                // Before any cryptography: a flood costs us an accept and a close each.
                Libp2pInstruments.Refuse(DropReason.LimitReached);
                await raw.DisposeAsync();
            }
        }
    }

    private async Task WelcomeAsync(IRawConnection raw, AddressRange? range)
    {
        using Deadline deadline = new(_options.Limits.HandshakeTimeout, _options.TimeProvider, _stopping.Token);
        bool isConnected = false;
        ISecureMuxedConnection? muxed = null;
        try
        {
            muxed = raw as ISecureMuxedConnection
                ?? await _upgrader.UpgradeAsync((IByteConnection)raw, false, null, YamuxFor, deadline.Token);
            Adopt(muxed, isInbound: true, range);
            isConnected = true;
        }
        catch (Exception exception) when (exception is IOException || deadline.IsPassed)
        {
            DropReason reason = exception is Libp2pException named
                ? named.Reason
                : deadline.IsPassed ? DropReason.HandshakeTimeout : DropReason.RemoteClose;
            Libp2pInstruments.Refuse(reason);
            Refused(_logger, raw.RemoteAddress, reason, exception.Message);
        }
        finally
        {
            _table.EndInbound(range, isConnected);
            if (muxed is null)
            {
                await raw.DisposeAsync(); // From the handshake on the muxed connection owns it, refused or not.
            }
        }
    }

    [LoggerMessage(4012, LogLevel.Debug, "Inbound connection from {Address} refused: {Reason}. {Message}")]
    private static partial void Refused(ILogger logger, Multiaddr address, DropReason reason, string message);
}
