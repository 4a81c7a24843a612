using System.Net.Http.Json;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;

namespace PhaseMesh.Gateway.Tests.Storm;

/// <summary>What the programs say of themselves at <c>/</c>.</summary>
internal static class StormFigures
{
    public static async Task<long> SentAsync(HttpClient client, IEnumerable<Uri> providers)
    {
        long sum = 0;
        foreach (Uri provider in providers)
        {
            sum += (await client.GetFromJsonAsync<JsonElement>(provider)).GetProperty("load").GetProperty("bytes_sent").GetInt64();
        }

        return sum;
    }

    public static async Task ProviderCountAsync(HttpClient client, Uri gateway, int count)
    {
        using CancellationTokenSource limit = new(Programs.Limit);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50));
        while ((await client.GetFromJsonAsync<JsonElement>(gateway, limit.Token)).GetProperty("providers").GetArrayLength() < count)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
