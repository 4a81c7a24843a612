using PhaseMesh.Benchmarks.Loads;
using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>
/// An artifact of 4 KiB over 64 connections: answered from memory by the gateway, or by 307; passed on by nginx, or answered
/// from its cache.
/// </summary>
internal sealed class SmallRequestBenchmark : IBenchmark
{
    private const int Connections = 64;
    private const int Seconds = 3;
    private const int ArtifactBytes = 4096;
    private const long MemoryBytes = 64 << 20;

    public IReadOnlyList<string> RowNames { get; } = ["gateway.small.c64", "gateway.small.c64.cache", "gateway.redirect.c64"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        using OriginFiles files = new();
        TestRelease release = await files.AddAsync("stable", ArtifactBytes, rootfsBytes: 0);
        string path = OriginFiles.BlobOf(release, ArtifactKind.Kernel);
        await using NginxProcess origin = await Origin.StartAsync(files);
        await using GatewayProgram gateway = await GatewayProgram.StartAsync(files, [origin.Url], MemoryBytes);
        await using GatewayProgram redirecting = await GatewayProgram.StartAsync(files, [origin.Url], MemoryBytes, "--redirect", "true");
        await using NginxProcess nginx = await NginxProxy.StartAsync(files, origin.Url);
        await using NginxProcess caching = await NginxProxy.StartAsync(files, origin.Url, isCaching: true);
        Uri[] urls = [.. new[] { gateway.Url, redirecting.Url, nginx.Url, caching.Url }.Select(url => new Uri(url, path))];

        List<RequestRate[]> measured = [];
        for (int round = -1; round < rounds; round++)
        {
            RequestRate[] rates = new RequestRate[urls.Length];
            for (int index = 0; index < urls.Length; index++)
            {
                rates[index] = await RequestLoad.RunAsync(urls[index], Connections, Seconds);
            }

            // The first is for everybody to get warm.
            if (round >= 0)
            {
                measured.Add(rates);
            }
        }

        string[] names = ["gateway", "gateway, 307", "nginx", "nginx, cached"];
        for (int index = 0; index < names.Length; index++)
        {
            Console.WriteLine($"  {names[index]}: p50 {Row.Median([.. measured.Select(rates => rates[index].P50Milliseconds)]):0.00} ms, "
                + $"p99 {Row.Median([.. measured.Select(rates => rates[index].P99Milliseconds)]):0.00} ms");
        }

        return
        [
            Compare("gateway.small.c64", ours: 0, peer: 2, "nginx proxy_pass"),
            Compare("gateway.small.c64.cache", ours: 0, peer: 3, "nginx proxy_cache"),
            Compare("gateway.redirect.c64", ours: 1, peer: 2, "nginx proxy_pass"),
        ];

        Row Compare(string name, int ours, int peer, string peerName) => Row.From(
            name, "requests/s", higherIsBetter: true, peerName,
            [.. measured.Select(rates => (rates[ours].PerSecond, rates[peer].PerSecond))]);
    }
}
