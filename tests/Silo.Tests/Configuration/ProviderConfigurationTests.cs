using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Tests.Configuration;

public sealed class ProviderConfigurationTests : IDisposable
{
    private readonly ConfigurationScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Load_TheMissionsFile_IsReadAsShown()
    {
        ProviderOptions options = _scene.WithFile(ConfigurationScene.MissionFile).Options();

        Assert.True(options.Enabled);
        Assert.Equal(8080, options.Port);
        Assert.Equal("/var/lib/plasm/boot-artifacts", options.ArtifactsDirectory);
        Assert.Equal(["stable", "testing"], options.Channels.Select(channel => channel.Channel.ToString()));
        ServedChannelOptions stable = options.Channels[0];
        Assert.Equal([MachineArch.Arm64, MachineArch.X64], stable.Archs);
        Assert.Equal(("vmlinuz-stable", "initramfs-stable.img", "rootfs-stable.sqfs"), (stable.Kernel, stable.Initramfs, stable.Rootfs));
        Assert.Null(options.Channels[1].Rootfs);
        Assert.True(options.Advertisement is { Dht: true, Mdns: true });
    }

    [Fact]
    public void Load_ChannelsKeepTheOrderOfTheFile()
    {
        string[] names = ["zeta", "alpha", "10", "9"];
        ProviderOptions options = _scene
            .WithFile("provider.artifacts_dir = 'a'\n" + string.Concat(names.Select(name => $"[provider.channels.{name}]\n")))
            .Options();

        Assert.Equal(names, options.Channels.Select(channel => channel.Channel.ToString()));
    }

    [Fact]
    public void Load_NothingConfigured_HasTheDefaults()
    {
        ProviderOptions options = _scene.Options(new ProviderFlags { ArtifactsDirectory = "/srv/a" });

        Assert.Equal(8080, options.Port);
        Assert.Null(options.Bind);
        Assert.Equal(TimeSpan.FromSeconds(30), options.DrainGracePeriod);
        ServedChannelOptions channel = Assert.Single(options.Channels);
        Assert.Equal("stable", channel.Channel.ToString());
        Assert.Equal([MachineArch.OfThisMachine], channel.Archs);
    }

    [Theory]
    [InlineData(9001, "9002", "9003", 9001)]
    [InlineData(null, "9002", "9003", 9002)]
    [InlineData(null, "", "9003", 9003)]
    [InlineData(null, null, "9003", 9003)]
    [InlineData(null, null, null, 8080)]
    public void Load_Port_FlagBeatsEnvironmentBeatsFileBeatsDefault(int? flag, string? variable, string? file, int expected)
    {
        _scene.WithFile(file is null ? "" : $"provider.port = {file}");
        if (variable is not null)
        {
            _scene.With("PLASM_PORT", variable);
        }

        Assert.Equal(expected, _scene.Options(new ProviderFlags { Port = flag, ArtifactsDirectory = "a" }).Port);
    }

    [Fact]
    public void Load_EachVariable_BeatsTheFile()
    {
        ProviderOptions options = _scene
            .WithFile(ConfigurationScene.MissionFile)
            .With("PLASM_ENABLED", "false").With("PLASM_BIND", "127.0.0.1").With("PLASM_ARTIFACTS_DIR", "/a").With("PLASM_STATE_DIR", "/s")
            .With("PLASM_DRAIN_GRACE_SECONDS", "5").With("PLASM_DHT", "false").With("PLASM_MDNS", "false")
            .With("PLASM_CHANNEL", "edge").With("PLASM_ARCH", "aarch64, amd64")
            .Options();

        Assert.False(options.Enabled);
        Assert.Equal(("127.0.0.1", "/a", "/s"), (options.Bind, options.ArtifactsDirectory, options.StateDirectory));
        Assert.Equal(TimeSpan.FromSeconds(5), options.DrainGracePeriod);
        Assert.True(options.Advertisement is { Dht: false, Mdns: false });
        Assert.Equal("edge", Assert.Single(options.Channels).Channel.ToString());
        Assert.Equal([MachineArch.Arm64, MachineArch.X64], options.Channels[0].Archs);
    }

    [Fact]
    public void Load_SelectedChannel_IsServedAlone_WithItsTable()
    {
        ProviderOptions options = _scene.WithFile(ConfigurationScene.MissionFile).Options(new ProviderFlags { Channel = "testing" });

        ServedChannelOptions testing = Assert.Single(options.Channels);
        Assert.Equal(("testing", "vmlinuz-testing"), (testing.Channel.ToString(), testing.Kernel));
        Assert.Equal([MachineArch.Arm64], testing.Archs);
    }

    [Fact]
    public void Load_ShorterListOfArchs_ReplacesTheLongerOneWhole()
    {
        ProviderOptions options = _scene.WithFile(ConfigurationScene.MissionFile)
            .With("PLASM_ARCH", "arm64,x86_64")
            .Options(new ProviderFlags { Archs = ["amd64"] });

        Assert.All(options.Channels, channel => Assert.Equal([MachineArch.X64], channel.Archs));
    }

    [Fact]
    public void Load_OneArchAsString_IsAListOfOne() =>
        Assert.Equal([MachineArch.X64],
            _scene.WithFile("provider.artifacts_dir='a'\n[provider.channels.stable]\narch = 'amd64'").Options().Channels[0].Archs);

    [Fact]
    public void Load_RelativeDirectoryInTheFile_IsMeantFromTheFile()
    {
        _scene.WithFile("[provider]\nartifacts_dir = 'artifacts'\nstate_dir = '../state'");

        ProviderOptions options = _scene.Options();

        Assert.Equal(Path.Combine(_scene.DirectoryPath, "artifacts"), options.ArtifactsDirectory);
        Assert.Equal(Path.GetFullPath(Path.Combine(_scene.DirectoryPath, "..", "state")), options.StateDirectory);
        Assert.Equal(Path.GetFullPath("artifacts"),
            _scene.Options(new ProviderFlags { ArtifactsDirectory = "artifacts" }).ArtifactsDirectory);
    }

    [Fact]
    public void Load_NamedFileMissing_IsAProblem_DefaultFileMissingIsNot()
    {
        Assert.Empty(_scene.Load().Problems);

        string missing = Path.Combine(_scene.DirectoryPath, "none.toml");
        Assert.Equal($"{missing}: Expected a configuration file, found none; check the path.",
            Assert.Single(_scene.Load(new ProviderFlags { ConfigPath = missing }).Problems).ToString());
        Assert.Single(_scene.With("PLASM_CONFIG", missing).Load().Problems);
        Assert.Contains("no directory",
            Assert.Single(_scene.Load(new ProviderFlags { ConfigPath = _scene.DirectoryPath }).Problems).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/run/state:/run/other", null, null, false, "/run/state")]
    [InlineData(null, "/xdg", "/home/u", true, "/var/lib/plasm")]
    [InlineData(null, "/xdg", "/home/u", false, "/xdg/plasm")]
    [InlineData(null, "relative", "/home/u", false, "/home/u/.local/state/plasm")]
    [InlineData("", "", "", false, "/var/lib/plasm")]
    public void StateDirectory_ByDefault_IsSystemdsThenRootsThenTheUsers(string? ofService, string? xdg, string? home, bool root,
        string expected)
    {
        var variables = new Dictionary<string, string?> { ["STATE_DIRECTORY"] = ofService, ["XDG_STATE_HOME"] = xdg, ["HOME"] = home };
        var host = new HostSurroundings { Variable = name => variables.GetValueOrDefault(name), IsPrivileged = root };

        Assert.Equal(expected, host.DefaultStateDirectory);
    }
}
