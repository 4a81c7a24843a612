using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Health;

public sealed class SystemdServiceManagerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Notify_ReachesTheSocket_NamedOrAbstract(bool isAbstract)
    {
        string name = $"phasemesh-notify-{Guid.NewGuid():N}";
        string path = Path.Combine(Path.GetTempPath(), name);
        using Socket listener = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name : path));
        try
        {
            new SystemdServiceManager(isAbstract ? "@" + name : path, null, new RememberedLog()).Notify("READY=1");
            byte[] buffer = new byte[64];
            using CancellationTokenSource limit = new(ServingScene.Limit);
            int count = await listener.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
            Assert.Equal("READY=1", Encoding.UTF8.GetString(buffer, 0, count));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Notify_NobodyListens_WarnsAndGoesOn()
    {
        RememberedLog log = new();
        new SystemdServiceManager(Path.Combine(Path.GetTempPath(), "phasemesh-nobody"), null, log).Notify("READY=1");
        Assert.Single(log.Lines, line => line.Level == LogLevel.Warning);
    }
}
