namespace PhaseMesh.Silo.Tests.Clients.Programs;

/// <summary>What people download with: each gets every artifact byte-exact, whole and resumed, whoever serves it.</summary>
internal static class CommandLinePrograms
{
    /// <summary>Whole, resumed, by ranges, its head alone, and by HTTP/1.0.</summary>
    public static async Task CurlAsync(DownloadedFiles files)
    {
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync("curl", "-sSf", "-o", name, files.UrlOf(name));
            files.AssertSame(name);

            await files.WriteBeginningAsync(name, 3);
            await files.RunAsync("curl", "-sSf", "-C", "-", "-o", name, files.UrlOf(name));
            files.AssertSame(name);

            await files.RunAsync("curl", "-sSf", "-r", "0-9999", "-o", "head", files.UrlOf(name));
            await files.RunAsync("curl", "-sSf", "-r", "10000-", "-o", "tail", files.UrlOf(name));
            await File.WriteAllBytesAsync(
                files.PathOf(name),
                [.. await File.ReadAllBytesAsync(files.PathOf("head")), .. await File.ReadAllBytesAsync(files.PathOf("tail"))]);
            files.AssertSame(name);
        }

        string headers = await files.RunAsync("curl", "-sSfI", files.UrlOf("kernel"));
        Assert.Contains("Accept-Ranges: bytes", headers, StringComparison.Ordinal);
        await files.RunAsync("curl", "-sSf", "--http1.0", "-o", "kernel", files.UrlOf("kernel"));
        files.AssertSame("kernel");
    }

    /// <summary>GNU Wget.</summary>
    public static async Task WgetAsync(DownloadedFiles files)
    {
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync("wget", "--no-config", "-nv", "--tries=1", "-O", name, files.UrlOf(name));
            files.AssertSame(name);

            int had = await files.WriteBeginningAsync(name, 2);
            string output = await files.RunAsync("wget", "--no-config", "-S", "--tries=1", "-c", files.UrlOf(name));
            Assert.Contains($"Content-Range: bytes {had}-", output, StringComparison.Ordinal);
            files.AssertSame(name);
        }
    }

    public static async Task BusyboxWgetAsync(DownloadedFiles files)
    {
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync("busybox", "wget", "-q", "-O", name, files.UrlOf(name));
            files.AssertSame(name);

            await files.WriteBeginningAsync(name, 2);
            await files.RunAsync("busybox", "wget", "-q", "-c", "-O", name, files.UrlOf(name));
            files.AssertSame(name);
        }
    }

    /// <summary>Sixteen connections, from the beginning and from where something else left off.</summary>
    public static async Task Aria2Async(DownloadedFiles files)
    {
        string[] options = ["--no-conf", "-q", "-x16", "-s16", "-k1M", "--file-allocation=none", "--async-dns=false"];
        foreach (string name in DownloadedFiles.Names)
        {
            await files.RunAsync("aria2c", [.. options, "-o", name, files.UrlOf(name)]);
            files.AssertSame(name);

            await files.WriteBeginningAsync(name, 3);
            await files.RunAsync("aria2c", [.. options, "-c", "-o", name, files.UrlOf(name)]);
            files.AssertSame(name);
        }
    }
}
