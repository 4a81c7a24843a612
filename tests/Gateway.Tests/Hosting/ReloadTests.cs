using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>A real gateway whose file changes under it.</summary>
public sealed class ReloadTests
{
    private const int RootfsBytes = 96 << 20;

    [Fact]
    public async Task File_Changes_ADownloadGoesOnFromAReplicaThatTheOldOneDidNotName()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = RootfsBytes });
        using ReleaseDirectory directory = new();
        await using FaultyProvider first = new(release) { StatusKey = "" };
        await using FaultyProvider second = new(release) { StatusKey = "" };
        string file = Write(directory, release, first);
        (ChildProcess process, Uri url) = await Programs.GatewayAsync(directory, release, [], "--config", file);
        await using ChildProcess gateway = process;
        using HttpClient client = new() { BaseAddress = url, Timeout = Programs.Limit };

        using HttpResponseMessage answer = await client.GetAsync("/rootfs", HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long read = await ReadAsync(body, hash, 8 << 20);

        // Noticed by itself; the client draws nothing meanwhile, so that most of the body is still to come.
        Write(directory, release, second);
        await gateway.WaitForLineAsync("The configuration was taken up: 1 providers", Programs.Limit);
        await UntilProvidersAsync(client, second);
        Assert.True(first.ArtifactBytes < RootfsBytes, "The whole artifact was read ahead; the test shows nothing.");
        await first.StopAsync();
        read += await ReadAsync(body, hash, long.MaxValue);

        Assert.Equal(RootfsBytes, read);
        Assert.Equal(release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, new Sha256Digest(hash.GetHashAndReset()));
        Assert.True(second.ArtifactBytes > 0);
    }

    [Fact]
    public async Task File_ChangesAdmission_WhoWaitsBegins()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = RootfsBytes });
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = "" };
        string file = Write(directory, release, provider, "max_streams_per_client = 1", "max_wait_seconds = 60");
        (ChildProcess process, Uri url) = await Programs.GatewayAsync(directory, release, [], "--config", file);
        await using ChildProcess gateway = process;
        using HttpClient client = new() { BaseAddress = url, Timeout = Programs.Limit };
        using HttpResponseMessage holder = await client.GetAsync("/rootfs", HttpCompletionOption.ResponseHeadersRead);
        Task<byte[]> waits = client.GetByteArrayAsync("/kernel");
        await Eventually.IsAsync(async () => (await client.GetFromJsonAsync<JsonElement>("/v1/admission")).GetProperty("waiting").GetInt32() == 1);

        Write(directory, release, provider, "max_streams_per_client = 2", "max_wait_seconds = 60");

        Assert.Equal(300_001, (await waits).Length);
    }

    [Fact]
    public async Task File_BecomesWrong_IsRefusedWithEachErrorNamed_AndSighupTakesUpTheNextGoodOne()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider first = new(release) { StatusKey = "" };
        await using FaultyProvider second = new(release) { StatusKey = "" };
        string file = Write(directory, release, first);
        (ChildProcess process, Uri url) = await Programs.GatewayAsync(directory, release, [], "--config", file);
        await using ChildProcess gateway = process;
        using HttpClient client = new() { BaseAddress = url, Timeout = Programs.Limit };

        await File.WriteAllTextAsync(file, "[gateway]\nport = 70000\nproviders = 1\n");
        await gateway.WaitForLineAsync("has 2 problems and is not taken up", Programs.Limit);
        await gateway.WaitForLineAsync($"Not taken up: {file}:2:8: port is 70000", Programs.Limit);
        await gateway.WaitForLineAsync("Not taken up: " + file + ":3:1: Unknown key providers", Programs.Limit);
        await UntilProvidersAsync(client, first);
        Assert.Equal(300_001, (await client.GetByteArrayAsync("/kernel")).Length);

        await File.WriteAllTextAsync(file, $"[gateway]\ndrain_grace_seconds = 3\nchannel = \"stable\"\n[[provider]]\nurl = \"{first.Url}\"\n[[provider]]\nurl = \"{second.Url}\"\n");
        await gateway.SignalAsync("HUP");
        await gateway.WaitForLineAsync("The configuration was taken up: 2 providers", Programs.Limit);
        await gateway.WaitForLineAsync("--channel has changed; it is read once", Programs.Limit);
        await UntilProvidersAsync(client, first, second);
        Assert.False(gateway.HasExited);
    }

    private static string Write(ReleaseDirectory directory, TestRelease release, FaultyProvider provider, params string[] more)
    {
        string file = directory.At("gateway.toml");
        File.WriteAllText(file, $"[gateway]\ntrust = \"{release.Key.PublicKey.KeyId}\"\n{string.Join('\n', more)}\n[[provider]]\nurl = \"{provider.Url}\"\n");
        return file;
    }

    private static async Task<long> ReadAsync(Stream body, IncrementalHash hash, long most)
    {
        byte[] buffer = new byte[64 << 10];
        long total = 0;
        while (total < most && await body.ReadAsync(buffer) is > 0 and int read)
        {
            hash.AppendData(buffer.AsSpan(0, read));
            total += read;
        }

        return total;
    }

    private static async Task UntilProvidersAsync(HttpClient client, params FaultyProvider[] expected)
    {
        string[] urls = [.. expected.Select(provider => provider.Url + "/").Order(StringComparer.Ordinal)];
        using CancellationTokenSource limit = new(Programs.Limit);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            JsonElement status = await client.GetFromJsonAsync<JsonElement>("/", limit.Token);
            if (status.GetProperty("providers").EnumerateArray().Select(each => each.GetProperty("url").GetString()).SequenceEqual(urls))
            {
                return;
            }

            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
