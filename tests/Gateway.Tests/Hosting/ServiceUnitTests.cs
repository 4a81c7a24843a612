using System.Globalization;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>deploy/systemd/phase-gateway.service.</summary>
public class ServiceUnitTests
{
    private static readonly string Unit = Repository.PathOf("deploy", "systemd", "phase-gateway.service");

    [Fact]
    public void Unit_StopsAfterTheGracePeriod_AndReloads()
    {
        string[] lines = File.ReadAllLines(Unit);
        string stop = Assert.Single(lines, line => line.StartsWith("TimeoutStopSec=", StringComparison.Ordinal));
        GatewayOptions usual = new() { Trust = new TrustPolicy([Ed25519PrivateKey.FromSeed(new byte[32]).PublicKey]), StateDirectory = "" };

        Assert.True(int.Parse(stop["TimeoutStopSec=".Length..].TrimEnd('s'), CultureInfo.InvariantCulture) > usual.DrainGrace.TotalSeconds);
        foreach (string required in new[]
        {
            "ExecReload=/bin/kill -HUP $MAINPID", "KillSignal=SIGTERM", "DynamicUser=yes", "StateDirectory=phase-gateway", "NoNewPrivileges=yes",
            "ProtectSystem=strict", "CapabilityBoundingSet=", "SystemCallFilter=@system-service", "MemoryDenyWriteExecute=no",
            "ExecStart=/usr/bin/phase-gateway serve", "ExecStartPre=/usr/bin/phase-gateway check",
            $"RestartPreventExitStatus={GatewayCommandLine.UsageError} {GatewayCommandLine.ConfigurationError}",
        })
        {
            Assert.Contains(required, lines);
        }
    }

    /// <summary>systemd's own opinion; systemd-analyze is in Debian's package systemd and needs no running systemd.</summary>
    [Fact]
    public async Task Unit_IsUnderstoodBySystemd_AndExposesLittle()
    {
        using ReleaseDirectory directory = new();
        string unit = directory.At("phase-gateway.service");
        await File.WriteAllTextAsync(
            unit, (await File.ReadAllTextAsync(Unit)).Replace("/usr/bin/phase-gateway", "/bin/true", StringComparison.Ordinal));

        Assert.Empty(await ChildProcess.RunAsync("systemd-analyze", ["verify", "--man=no", unit], Programs.Limit));
        await ChildProcess.RunAsync(
            "systemd-analyze", ["security", "--offline=true", "--no-pager", "--threshold=20", unit], Programs.Limit);
    }
}
