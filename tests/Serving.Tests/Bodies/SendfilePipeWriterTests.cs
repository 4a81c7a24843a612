using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using PhaseMesh.Serving.Bodies;

namespace PhaseMesh.Serving.Tests.Bodies;

public sealed class SendfilePipeWriterTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(100_000)]
    [InlineData(1 << 20)]
    public async Task Write_WithoutSizeHint_SendsEveryByteOfAnySize(int sizeBytes)
    {
        (Socket server, Socket client) = await ConnectAsync();
        using (server)
        using (client)
        {
            SendfilePipeWriter writer = new(server, new DefaultConnectionContext());
            byte[] header = Content(1, 300);
            byte[] body = Content(2, sizeBytes);

            writer.Write(header);
            writer.Write(body);
            Task<byte[]> received = ReceiveAsync(client, header.Length + sizeBytes);
            await writer.FlushAsync().AsTask().WaitAsync(Limit);

            byte[] expected = [.. header, .. body];
            byte[] actual = await received.WaitAsync(Limit);
            Assert.True(actual.AsSpan().SequenceEqual(expected));
        }
    }

    private static byte[] Content(int seed, int sizeBytes)
    {
        byte[] content = new byte[sizeBytes];
        new Random(seed).NextBytes(content);
        return content;
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        using NetworkStream stream = new(socket);
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }

    private static async Task<(Socket Server, Socket Client)> ConnectAsync()
    {
        using Socket listener = new(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        return (await listener.AcceptAsync(), client);
    }
}
