using PhaseMesh.Silo.Serving;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Clients;

/// <summary>Programs that people download with get every artifact byte-exact.</summary>
public sealed class CommandLineClientTests
{
    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Curl_WholeResumedAndByRanges(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        using DownloadedFiles files = new(scene);
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync("curl", "-sSf", "-o", name, files.UrlOf(name));
            files.AssertSame(name);

            byte[] whole = scene.Read(name);
            await File.WriteAllBytesAsync(files.PathOf(name), whole[..(whole.Length / 3)]);
            await files.RunAsync("curl", "-sSf", "-C", "-", "-o", name, files.UrlOf(name));
            files.AssertSame(name);

            await files.RunAsync("curl", "-sSf", "-r", "0-9999", "-o", "head", files.UrlOf(name));
            await files.RunAsync("curl", "-sSf", "-r", "10000-", "-o", "tail", files.UrlOf(name));
            await File.WriteAllBytesAsync(
                files.PathOf(name), [.. await File.ReadAllBytesAsync(files.PathOf("head")), .. await File.ReadAllBytesAsync(files.PathOf("tail"))]);
            files.AssertSame(name);
        }

        string headers = await files.RunAsync("curl", "-sSfI", files.UrlOf("kernel"));
        Assert.Contains("Accept-Ranges: bytes", headers, StringComparison.Ordinal);
        await files.RunAsync("curl", "-sSf", "--http1.0", "-o", "kernel", files.UrlOf("kernel"));
        files.AssertSame("kernel");
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task BusyboxWget_WholeAndContinued(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        using DownloadedFiles files = new(scene);
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync("busybox", "wget", "-q", "-O", name, files.UrlOf(name));
            files.AssertSame(name);

            byte[] whole = scene.Read(name);
            await File.WriteAllBytesAsync(files.PathOf(name), whole[..(whole.Length / 2)]);
            await files.RunAsync("busybox", "wget", "-q", "-c", "-O", name, files.UrlOf(name));
            files.AssertSame(name);
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Aria2_With16Connections(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport, scene => scene.Write("rootfs", ServingScene.Content("big", 40_000_003)));
        using DownloadedFiles files = new(scene);
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync(
                "aria2c", "--no-conf", "-q", "-x16", "-s16", "-k1M", "--file-allocation=none", "--async-dns=false", "-o", name, files.UrlOf(name));
            files.AssertSame(name);
        }
    }
}
