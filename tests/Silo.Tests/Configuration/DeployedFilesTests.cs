using System.Globalization;
using System.Text.RegularExpressions;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Configuration;
using PhaseMesh.Silo.Tests.Commands;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Configuration;

/// <summary>deploy/provider.toml and deploy/systemd/plasmd.service.</summary>
public sealed partial class DeployedFilesTests : IDisposable
{
    private readonly ConfigurationScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Example_AsShipped_SaysWhatTheMissionsFileSays()
    {
        ProviderOptions example = _scene.WithFile(File.ReadAllText(Repository.PathOf("deploy", "provider.toml"))).Options();
        ProviderOptions mission = _scene.WithFile(ConfigurationScene.MissionFile).Options();

        Assert.Equal(Describe(mission), Describe(example));
    }

    [Fact]
    public void Example_WithEveryKeyInForce_IsValid_AndNoKeyIsMissing()
    {
        string toml = CommentedKey().Replace(File.ReadAllText(Repository.PathOf("deploy", "provider.toml")), "$1 = ");

        // The key of the example is no real one, but how it is written is right; whether it is a key is judged when it is used.
        Assert.Empty(_scene.WithFile(toml).Load().Problems);
        ConfigurationSetting[] settings =
        [
            .. ProviderSettings.OfProvider, .. ProviderSettings.OfChannel, .. ProviderSettings.OfAdvertisement, .. ProviderSettings.OfDht,
            .. ProviderSettings.OfCluster, .. ProviderSettings.OfFleet,
        ];
        Assert.All(settings, setting => Assert.Matches($"(?m)^{setting.Name} = ", toml));
    }

    [Fact]
    public void Unit_StopsAfterTheGracePeriod_AndLeavesDotnetItsCode()
    {
        string[] lines = File.ReadAllLines(Repository.PathOf("deploy", "systemd", "plasmd.service"));

        string stop = Assert.Single(lines, line => line.StartsWith("TimeoutStopSec=", StringComparison.Ordinal));
        int seconds = int.Parse(stop["TimeoutStopSec=".Length..].TrimEnd('s'), CultureInfo.InvariantCulture);
        Assert.True(seconds > _scene.Options(new ProviderFlags { ArtifactsDirectory = "a" }).DrainGracePeriod.TotalSeconds);
        foreach (string required in new[]
        {
            "Type=notify", "KillSignal=SIGTERM", "DynamicUser=yes", "StateDirectory=plasm", "NoNewPrivileges=yes", "ProtectSystem=strict",
            "CapabilityBoundingSet=", "SystemCallFilter=@system-service", "MemoryDenyWriteExecute=no", "ExecStart=/usr/bin/plasmd serve",
            $"SuccessExitStatus={Silo.Commands.ExitCode.Disabled}",
            $"RestartPreventExitStatus={Silo.Commands.ExitCode.Usage} {Silo.Commands.ExitCode.Configuration}",
        })
        {
            Assert.Contains(required, lines);
        }
    }

    /// <summary>systemd's own opinion; systemd-analyze is in Debian's package systemd and needs no running systemd.</summary>
    [Fact]
    public async Task Unit_IsUnderstoodBySystemd_AndExposesLittle()
    {
        string unit = Path.Combine(_scene.DirectoryPath, "plasmd.service");
        string text = await File.ReadAllTextAsync(Repository.PathOf("deploy", "systemd", "plasmd.service"));
        await File.WriteAllTextAsync(unit,
            text.Replace("/usr/bin/plasmd", "/bin/true", StringComparison.Ordinal)); // verify wants the program to be there.

        CommandRun verified = await PlasmdProcess.RunProgramAsync("systemd-analyze", ["verify", "--man=no", unit]);
        CommandRun exposure = await PlasmdProcess.RunProgramAsync("systemd-analyze",
            ["security", "--offline=true", "--no-pager", "--threshold=20", unit]);

        Assert.Equal((0, "", ""), (verified.ExitCode, verified.Output, verified.Error));
        Assert.True(exposure.ExitCode == 0, $"Expected an exposure of at most 2.0 of 10: {exposure.Output}{exposure.Error}");
    }

    private static IEnumerable<string> Describe(ProviderOptions options) =>
    [
        $"{options.Enabled} {options.Port} {options.Bind} {options.ArtifactsDirectory} {options.DrainGracePeriod} {options.Catalog.TrustedKeys.Count}",
        $"{options.Advertisement.Dht} {options.Advertisement.Mdns}",
        .. options.Channels.Select(channel =>
            $"{channel.Channel} {string.Join<MachineArch>(',', channel.Archs)} {channel.Kernel} {channel.Initramfs} {channel.Rootfs}"),
    ];

    [GeneratedRegex("^# ([a-z_]+) = ", RegexOptions.Multiline)]
    private static partial Regex CommentedKey();
}
