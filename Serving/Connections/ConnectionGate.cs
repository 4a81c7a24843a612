using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace PhaseMesh.Serving.Connections;

/// <summary>Counts connections, and turns away one address that holds too many, so that it cannot keep all others out.</summary>
public sealed class ConnectionGate(ServingLimits limits, LoadCounters load)
{
    private const string TooManyDetail = "Too many connections from this address; close some, or try again later.\n";

    private static readonly byte[] TooMany = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: {TooManyDetail.Length}\r\n"
        + $"Retry-After: 5\r\nConnection: close\r\n\r\n{TooManyDetail}");

    private readonly ConcurrentDictionary<IPAddress, int> _byAddress = new();

    public ConnectionDelegate Wrap(ConnectionDelegate next) => connection => RunAsync(connection, next);

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        int held = _byAddress.AddOrUpdate(address, 1, static (_, count) => count + 1);
        load.ConnectionOpened();
        try
        {
            if (held <= limits.MaxConnectionsPerAddress)
            {
                await next(connection);
            }
            else
            {
                await connection.Transport.Output.WriteAsync(TooMany);
            }
        }
        finally
        {
            load.ConnectionClosed();
            Leave(address);
        }
    }

    private void Leave(IPAddress address)
    {
        int held = _byAddress.AddOrUpdate(address, 0, static (_, count) => count - 1);
        if (held == 0)
        {
            // Only if it is still zero; a newcomer may have counted itself meanwhile.
            _byAddress.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
        }
    }
}
