using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// Connection middleware that puts a <see cref="SendfilePipeWriter"/> in place of the transport's output. The input stays the transport's.
/// </summary>
public static class SendfileTransport
{
    /// <summary>Whether this system's SendPackets is sendfile(2); the tests hold it to that on Linux only.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    public static IConnectionBuilder UseSendfile(this IConnectionBuilder connections) => connections.Use(next => connection =>
        connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket ? RunAsync(connection, socket, next) : next(connection));

    private static async Task RunAsync(ConnectionContext connection, Socket socket, ConnectionDelegate next)
    {
        IDuplexPipe transport = connection.Transport;
        var output = new SendfilePipeWriter(socket, connection);
        connection.Features.Set<IFileSliceSink>(output);
        connection.Transport = new Duplex(transport.Input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            // The transport's own output was never written; the server completes it when it disposes of the connection, which closes the
            // socket.
            connection.Transport = transport;
            await output.CompleteAsync();
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
