using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>The agent as a process of its own, as users run it.</summary>
internal static class AgentProcess
{
    public static ChildProcess Start(TestRelease release, string output, IEnumerable<string> providers, params IEnumerable<string> more) =>
        ChildProcess.Start("phase-agent", "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "phase-agent.dll"), "--no-kexec", "--output", output,
            "--provider", string.Join(',', providers), "--arch", "x86_64", "--trust", release.Key.PublicKey.KeyId, .. more,
        ]);
}
