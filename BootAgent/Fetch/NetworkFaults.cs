using System.Net.Sockets;
using PhaseMesh.Libp2p;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>Says in our own words what the network did: the trimmed binary has no exception texts.</summary>
internal static class NetworkFaults
{
    public static bool IsNetwork(Exception error) => error is HttpRequestException or IOException or SocketException;

    public static FetchFault From(Exception error)
    {
        if (error is not Libp2pException && SocketErrorOf(error) is { } socketError)
        {
            return socketError switch
            {
                SocketError.ConnectionRefused => new FetchFault(FaultKind.Unreachable, "refused the connection"),
                SocketError.HostUnreachable or SocketError.NetworkUnreachable =>
                    new FetchFault(FaultKind.Unreachable, "cannot be reached: no route"),
                SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData =>
                    new FetchFault(FaultKind.Unreachable, "has a name that does not resolve"),
                SocketError.TimedOut => new FetchFault(FaultKind.Unreachable, "did not answer in time"),
                SocketError.ConnectionReset or SocketError.Shutdown => new FetchFault(FaultKind.ConnectionLost, "reset the connection"),
                _ => new FetchFault(FaultKind.ConnectionLost, $"broke off ({socketError})"),
            };
        }

        return error switch
        {
            Libp2pException libp2p => From(libp2p.Reason),
            OffLinkException or { InnerException: OffLinkException } =>
                new FetchFault(FaultKind.OffLink, "is outside this machine's subnets, which mode local does not leave"),
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
                new FetchFault(FaultKind.Unreachable, "has a name that does not resolve"),
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } =>
                new FetchFault(FaultKind.Unreachable, "did not accept the connection in time"),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }
                or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } =>
                new FetchFault(FaultKind.NotHttp, "does not speak HTTP/1.1"),
            HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } =>
                new FetchFault(FaultKind.NotHttp, $"sent more than {FetchLimits.MaxHeaderKilobytes} KiB of headers"),
            _ => new FetchFault(FaultKind.ConnectionLost, "closed the connection before the end"),
        };
    }

    private static FetchFault From(DropReason reason) => reason switch
    {
        DropReason.DialFailed => new FetchFault(FaultKind.Unreachable, "did not answer at any of its libp2p addresses"),
        DropReason.DialBackOff => new FetchFault(FaultKind.Unreachable, "could not be dialled and is left alone for a moment"),
        DropReason.HandshakeTimeout => new FetchFault(FaultKind.Unreachable, "did not finish the libp2p handshake in time"),
        DropReason.PeerIdMismatch => new FetchFault(FaultKind.Unreachable, "is another node than the DHT says"),
        DropReason.NegotiationFailed => new FetchFault(FaultKind.RequestRefused, "does not speak /deboot/fetch/1.0.0"),
        DropReason.MessageInvalid => new FetchFault(FaultKind.NotHttp, "sent a malformed answer"),
        DropReason.ReadTimeout => new FetchFault(FaultKind.Stalled, "did not answer in time"),
        _ => new FetchFault(FaultKind.ConnectionLost, $"broke off ({reason})"),
    };

    private static SocketError? SocketErrorOf(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is SocketException socket)
            {
                return socket.SocketErrorCode;
            }
        }

        return null;
    }
}
