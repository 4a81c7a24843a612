using System.Net;
using System.Text;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>Serves a release's manifest changed in transit, at every path that ends in manifest.json; anything else is 404.</summary>
internal sealed class TamperingProvider : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly int _port = LoopbackPort.Free();
    private readonly byte[] _manifest;
    private readonly Task _serving;

    private TamperingProvider(string release, Func<string, string> tamper)
    {
        string original = File.ReadAllText(Path.Combine(release, "manifest.json"));
        string tampered = tamper(original);
        Assert.NotEqual(original, tampered);
        _manifest = Encoding.UTF8.GetBytes(tampered);
        _listener.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string UrlForMachines => $"http://{QemuMachine.HostAddress}:{_port}";

    public static TamperingProvider Start(string release, Func<string, string> tamper) => new(release, tamper);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException && !_listener.IsListening)
            {
                return;
            }

            using HttpListenerResponse response = context.Response;
            if (context.Request.Url!.AbsolutePath.EndsWith("/manifest.json", StringComparison.Ordinal))
            {
                response.ContentLength64 = _manifest.Length;
                await response.OutputStream.WriteAsync(_manifest);
            }
            else
            {
                response.StatusCode = (int)HttpStatusCode.NotFound;
            }
        }
    }
}
