using System.Net;
using System.Net.Sockets;
using System.Text;
using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Tests.DirectoryTests;

public class SourceClientTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", 5000, "more than 1000 bytes")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", 100, "")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 0, "answered 302")]
    [InlineData("SSH-2.0-OpenSSH\r\n", 0, "")]
    public async Task Get_OfABadAnswer_SaysWhatIsWrong(string head, int bodyBytes, string problem)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Uri url = new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");
        Task answering = AnswerAsync(listener, [.. Encoding.ASCII.GetBytes(head), .. new byte[bodyBytes]]);
        using SourceClient client = new(TimeProvider.System);

        SourceException refused = await Assert.ThrowsAsync<SourceException>(
            () => client.GetAsync(url, 1000, TimeSpan.FromMinutes(1), null, CancellationToken.None));

        Assert.Contains(url.ToString(), refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        await answering;
    }

    [Fact]
    public async Task Get_OfSomeoneWhoNeverAnswers_EndsInTime()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using SourceClient client = new(TimeProvider.System);

        SourceException late = await Assert.ThrowsAsync<SourceException>(() => client.GetAsync(
            new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), 1000, TimeSpan.FromMilliseconds(200), null,
            CancellationToken.None));

        Assert.Contains("within 0.2 s", late.Message, StringComparison.Ordinal);
    }

    private static async Task AnswerAsync(TcpListener listener, byte[] answer)
    {
        using Socket socket = await listener.AcceptSocketAsync();
        byte[] request = new byte[4096];
        await socket.ReceiveAsync(request);
        await socket.SendAsync(answer);
        socket.Shutdown(SocketShutdown.Send);
    }
}
