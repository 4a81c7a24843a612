using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Progress;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary><c>plasmd dht bench</c>: how long look-ups take from here.</summary>
internal static class DhtBenchCommand
{
    private const string Examples = """
        plasmd dht bench
        plasmd dht bench --count 1000 --timeout 10m --bootstrap /ip4/192.0.2.1/tcp/4001 --json
        """;

    private const int DefaultCount = 100;
    private const int MaxCount = 100_000;

    public static Command Create(CommandContext context)
    {
        Option<string?> count = CommandOptions.Checked(
            new Option<string?>("--count", "-n")
            {
                HelpName = "N",
                Description = $"Look-ups of random keys, one after another. Default: {DefaultCount}.",
            },
            text => TryParseCount(text, out _),
            $"a number from 1 to {MaxCount}");
        DhtCommandOptions options = new(TimeSpan.FromSeconds(60), "How long to go on at most.");
        var command = new PlasmdCommand("bench", "Measure look-ups in the DHT.", Examples) { count };
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int lookups = parsed.GetValue(count) is { } text && TryParseCount(text, out int given) ? given : DefaultCount;
            LookupFigures figures =
                await options.AskAsync(
                    parsed, context, (client, token) => MeasureAsync(client, lookups, context, token), cancellationToken, showsProgress: false);
            if (options.WantsJson(parsed))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(figures, DhtJson.Default.LookupFigures));
            }
            else
            {
                Write(figures, context.Output);
            }

            return figures.Failed < figures.Lookups ? ExitCode.Ok : ExitCode.NotReachable;
        });
        return command;
    }

    /// <summary>When the time is up, of the look-ups that ended.</summary>
    private static async Task<LookupFigures> MeasureAsync(
        DhtClient client, int count, CommandContext context, CancellationToken cancellationToken)
    {
        TimeProvider clock = context.Time;
        await using ProgressLine progress = ProgressLine.Start(context, "Looking up", count, ProgressUnit.Items);
        List<double> milliseconds = [];
        int failed = 0;
        long hops = 0, requests = 0;
        try
        {
            while (milliseconds.Count < count)
            {
                long started = clock.GetTimestamp();
                bool isAnswered = (await client.Dht.FindClosestPeersAsync(RandomNumberGenerator.GetBytes(32), cancellationToken)).Count > 0;
                milliseconds.Add(clock.GetElapsedTime(started).TotalMilliseconds);
                failed += isAnswered ? 0 : 1;
                hops += client.Dht.LastLookup.Hops;
                requests += client.Dht.LastLookup.Requests;
                progress.Report(milliseconds.Count);
            }
        }
        catch (OperationCanceledException) when (milliseconds.Count > 0)
        {
            // The figures say how many there were.
        }

        milliseconds.Sort();
        return new LookupFigures(
            milliseconds.Count, failed, Percentile(milliseconds, 50), Percentile(milliseconds, 95), Math.Round(milliseconds[^1], 3),
            Math.Round((double)hops / milliseconds.Count, 2), Math.Round((double)requests / milliseconds.Count, 2), client.Dht.RoutingTableSize);
    }

    /// <summary>The nearest rank.</summary>
    private static double Percentile(List<double> sorted, int percent) =>
        Math.Round(sorted[Math.Max(0, (int)Math.Ceiling(sorted.Count * percent / 100.0) - 1)], 3);

    private static void Write(LookupFigures figures, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{figures.Lookups} look-ups, {figures.Failed} without an answer; {figures.PeersKnown} peers known"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"p50 {figures.P50Milliseconds:0.0} ms, p95 {figures.P95Milliseconds:0.0} ms, max {figures.MaxMilliseconds:0.0} ms"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{figures.MeanHops:0.0} hops and {figures.MeanRequests:0.0} requests per look-up"));
    }

    private static bool TryParseCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= MaxCount;
}
