using System.Net.Sockets;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>Says in our own words what the network did: the trimmed binary has no exception texts.</summary>
internal static class NetworkFaults
{
    public static bool IsNetwork(Exception error) => error is HttpRequestException or IOException or SocketException;

    public static FetchFault From(Exception error)
    {
        if (SocketErrorOf(error) is { } socketError)
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
