using System.Text;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Storm;

/// <summary>
/// A switch with one gateway and many machines, each in a network namespace of its own and on a link of its own rate. Needs root.
/// </summary>
internal sealed class StormNetwork : IAsyncDisposable
{
    public const string GatewayAddress = "10.78.0.1";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly string _name = $"storm-{Guid.NewGuid().ToString("n")[..8]}";
    private readonly int _machines;

    private StormNetwork(int machines) => _machines = machines;

    private string Switch => _name;

    public string Gateway => $"{_name}-gw";

    public string Machine(int number) => $"{_name}-{number}";

    public static string AddressOf(int number) => $"10.78.{1 + (number / 200)}.{1 + (number % 200)}";

    /// <param name="gatewayRate">As tc takes it: <c>500mbit</c>.</param>
    /// <param name="machineRate">Of each machine's link, towards it.</param>
    public static async Task<StormNetwork> CreateAsync(int machines, string gatewayRate, string machineRate)
    {
        StormNetwork network = new(machines);
        try
        {
            StringBuilder create = new();
            create.AppendLine($"netns add {network.Switch}").AppendLine($"netns add {network.Gateway}");
            create.AppendLine($"link add gw netns {network.Switch} type veth peer name eth0 netns {network.Gateway}");
            StringBuilder plug = new("link add lan type bridge stp_state 0 forward_delay 0\nlink set lan up\nlink set gw master lan up\n");
            StringBuilder shape = new();
            for (int number = 0; number < machines; number++)
            {
                create.AppendLine($"netns add {network.Machine(number)}");
                create.AppendLine($"link add p{number} netns {network.Switch} type veth peer name eth0 netns {network.Machine(number)}");
                plug.AppendLine($"link set p{number} master lan up");
                shape.AppendLine($"qdisc add dev p{number} root tbf rate {machineRate} burst 64kb latency 100ms");
            }

            await BatchAsync("ip", [], create.ToString());
            await BatchAsync("ip", ["-n", network.Switch], plug.ToString());
            await BatchAsync("tc", ["-n", network.Switch], shape.ToString());
            await BatchAsync("ip", ["-n", network.Gateway],
                $"link set lo up\naddr add {GatewayAddress}/16 dev eth0\nlink set eth0 up\n");
            await BatchAsync("tc", ["-n", network.Gateway], $"qdisc add dev eth0 root tbf rate {gatewayRate} burst 256kb latency 50ms\n");
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>A program on the gateway's machine. It goes before the other machines' programs, which in truth have their own processors.</summary>
    public ChildProcess StartAtGateway(string name, string program, params IEnumerable<string> arguments) =>
        ChildProcess.Start(name, "ip", ["netns", "exec", Gateway, "nice", "-n", "-15", program, .. arguments], Hosting.Programs.Clean);

    /// <summary>A program on a machine, whose link comes up first.</summary>
    public ChildProcess StartAt(int number, string name, params IEnumerable<string> command) => ChildProcess.Start(
        name, "ip",
        [
            "netns", "exec", Machine(number), "sh", "-c",
            $"ip addr add {AddressOf(number)}/16 dev eth0 && ip link set lo up && ip link set eth0 up && exec \"$@\"", "sh", .. command,
        ],
        Hosting.Programs.Clean);

    /// <summary>What a URL of the gateway's machine answers, asked until it does.</summary>
    public async Task<string> GetAsync(string url) => string.Concat((await ChildProcess.RunAsync(
        "ip",
        ["netns", "exec", Gateway, "curl", "-sSf", "--retry", "600", "--retry-delay", "1", "--retry-all-errors",
            "--retry-max-time", "100", url],
        Limit))
        .Where(line => !line.Text.StartsWith("curl:", StringComparison.Ordinal)
            && !line.Text.StartsWith("Warning:", StringComparison.Ordinal))
        .Select(line => line.Text));

    public async ValueTask DisposeAsync()
    {
        StringBuilder delete = new();
        delete.AppendLine($"netns delete {Switch}").AppendLine($"netns delete {Gateway}");
        for (int number = 0; number < _machines; number++)
        {
            delete.AppendLine($"netns delete {Machine(number)}");
        }

        await BatchAsync("ip", ["-force"], delete.ToString(), mayFail: true);
    }

    private static async Task BatchAsync(string program, string[] options, string lines, bool mayFail = false)
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, lines);
            await using ChildProcess batch = ChildProcess.Start(program, program, [.. options, "-batch", file]);
            int exitCode = await batch.WaitForExitAsync(Limit);
            Assert.True(exitCode == 0 || mayFail, $"{program} {string.Join(' ', options)} ended with {exitCode}.{batch.Tail()}");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
