using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>When a machine reached each phase, in time since power-on, read off its serial console.</summary>
public sealed record BootTimeline(IReadOnlyList<(string Phase, TimeSpan At)> Phases)
{
    /// <summary>Phases in order, and the console line that ends each.</summary>
    public static IReadOnlyList<(string Phase, string Line)> Marks { get; } =
    [
        ("power-on", "boot image started"),
        ("network", "network up"),
        ("manifest", "[2/4]"),
        ("fetch", "Download Complete"),
        ("kexec", "target kernel started"),
    ];

    /// <summary>The phase that ends when the machine answers 200 to <c>/readyz</c>.</summary>
    public const string Serving = "serving";

    /// <summary>Waits until the machine serves, failing early where it stops on its way.</summary>
    public static async Task<BootTimeline> FollowAsync(QemuMachine machine)
    {
        List<(string, TimeSpan)> phases = [];
        foreach ((string phase, string mark) in Marks)
        {
            OutputLine line = await machine.Console.WaitForLineAsync(
                text => text.Contains(mark, StringComparison.Ordinal) || text.Contains("FAILED", StringComparison.Ordinal), $"'{mark}'", QemuMachine.BootLimit);
            if (!line.Text.Contains(mark, StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{machine.Console.Name} failed in phase {phase}.{machine.Console.Tail()}");
            }

            phases.Add((phase, line.At));
        }

        await HttpProbe.WaitForOkAsync(new Uri(machine.Url, "/readyz"), QemuMachine.BootLimit, machine.Console);
        phases.Add((Serving, machine.Console.Elapsed));
        return new BootTimeline(phases);
    }
}
