using System.Globalization;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Shares;

/// <summary>
/// A network namespace with nothing but a loopback, on which what comes from each replica's address is slowed down on its own. Needs root.
/// </summary>
internal sealed class ShapedLoopback : IAsyncDisposable
{
    private const int FirstClass = 10;

    /// <summary>Packets of less than 2 KiB, by the total length in the IP header.</summary>
    private const string Short = "match u16 0 0xf800 at 2";

    private readonly string _name = $"shares-{Guid.NewGuid().ToString("n")[..8]}";
    private readonly int _replicas;

    private ShapedLoopback(int replicas) => _replicas = replicas;

    public static string AddressOf(int replica) => $"127.0.1.{replica + 1}";

    public static async Task<ShapedLoopback> CreateAsync(IReadOnlyList<ShapedReplica> replicas)
    {
        ShapedLoopback network = new(replicas.Count);
        await ChildProcess.RunAsync("ip", ["netns", "add", network._name], Programs.Limit);
        try
        {
            await ChildProcess.RunAsync("ip", ["-n", network._name, "link", "set", "lo", "up"], Programs.Limit);
            await network.TrafficAsync("qdisc add dev lo root handle 1: htb default 1");
            await network.TrafficAsync("class add dev lo parent 1: classid 1:1 htb rate 40gbit");
            foreach ((int index, ShapedReplica replica) in replicas.Index())
            {
                string traffic = $"1:{FirstClass + index}";
                await network.TrafficAsync($"class add dev lo parent 1: classid {traffic} htb rate {replica.Megabits}mbit burst 64kb");
                string from = $"protocol ip u32 match ip src {AddressOf(index)}/32";
                if (replica.AnswersProbesQuickly)
                {
                    await network.TrafficAsync($"filter add dev lo parent 1: prio 1 {from} {Short} flowid 1:1");
                }

                await network.TrafficAsync($"filter add dev lo parent 1: prio 2 {from} flowid {traffic}");
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>A program with this loopback as its only network.</summary>
    public ChildProcess Start(string name, string program, params IEnumerable<string> arguments) =>
        ChildProcess.Start(name, "ip", ["netns", "exec", _name, program, .. arguments], Programs.Clean);

    /// <summary>Asks a URL until it answers 200.</summary>
    public async Task<string> GetAsync(string url)
    {
        await using ChildProcess curl = Start(
            "curl", "curl", "-sSf", "--retry", "600", "--retry-delay", "1", "--retry-all-errors", "--retry-max-time", "100",
            "--stderr", "/dev/null", url);
        Assert.True(await curl.WaitForExitAsync(Programs.Limit) == 0, $"{url} did not answer.{curl.Tail()}");
        return string.Join('\n', curl.Lines.Select(line => line.Text));
    }

    /// <summary>Bytes that each replica has sent, all told.</summary>
    public async Task<long[]> SentAsync()
    {
        IReadOnlyList<OutputLine> lines = await ChildProcess.RunAsync(
            "tc", ["-n", _name, "-s", "class", "show", "dev", "lo"], Programs.Limit);
        return [.. Enumerable.Range(0, _replicas).Select(index => SentBy(lines, $"class htb 1:{FirstClass + index} "))];
    }

    public async ValueTask DisposeAsync() => await ChildProcess.RunAsync("ip", ["netns", "delete", _name], Programs.Limit);

    /// <summary>From <c>Sent 123 bytes 4 pkt</c>, the line after the one that names the class.</summary>
    private static long SentBy(IReadOnlyList<OutputLine> lines, string heading) => long.Parse(
        lines.SkipWhile(line => !line.Text.StartsWith(heading, StringComparison.Ordinal)).Skip(1).First().Text.Trim().Split(' ')[1],
        CultureInfo.InvariantCulture);

    private Task<IReadOnlyList<OutputLine>> TrafficAsync(string command) =>
        ChildProcess.RunAsync("tc", ["-n", _name, .. command.Split(' ')], Programs.Limit);
}
