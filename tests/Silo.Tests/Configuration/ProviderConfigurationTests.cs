using PhaseMesh.Libp2p.Multiformats;
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

    [Fact]
    public void Load_NothingSaidOfTheDht_HasTheDefaults()
    {
        ProviderOptions options = _scene.Options(new ProviderFlags { ArtifactsDirectory = "/srv/a" });

        Assert.Equal((ProviderMode.Internet, 4001, TimeSpan.FromMinutes(30)), (options.Mode, options.Dht.Port, options.Dht.RecordLife));
        Assert.Empty(options.Dht.Bootstrap);
        Assert.Empty(options.Dht.AnnouncedPeerAddresses);
        Assert.Empty(options.Dht.AnnouncedServers);
    }

    [Fact]
    public void Load_DhtTable_IsReadWhole()
    {
        _scene.WithFile("""
            [provider]
            mode = "private"
            [provider.dht]
            port = 0
            bootstrap = ["/ip4/192.0.2.1/tcp/4001", "/dns/boot.example.org/tcp/4001/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf"]
            peers_file = "peers"
            announce = ["https://boot.example.org", "/ip4/198.51.100.1/tcp/4001", "/ip6/2001:db8::1/tcp/80/http"]
            record_life_seconds = 600
            """);
        ProviderConfiguration configuration = _scene.Load(new ProviderFlags { ArtifactsDirectory = "/srv/a" });
        Multiaddr ofFile = Multiaddr.Parse("/ip4/192.0.2.9/tcp/4001");
        ProviderOptions options = configuration.ToOptions([], [ofFile, configuration.Bootstrap[0]]);

        Assert.Equal(Path.Combine(_scene.DirectoryPath, "peers"), configuration.PeersFile);
        Assert.Equal((ProviderMode.Private, 0, TimeSpan.FromMinutes(10)), (options.Mode, options.Dht.Port, options.Dht.RecordLife));
        Assert.Equal([configuration.Bootstrap[0], configuration.Bootstrap[1], ofFile], options.Dht.Bootstrap);
        Assert.Equal(["/ip4/198.51.100.1/tcp/4001"], options.Dht.AnnouncedPeerAddresses.Select(address => address.ToString()));
        Assert.Equal(["https://boot.example.org/", "http://[2001:db8::1]/"], options.Dht.AnnouncedServers.Select(url => url.AbsoluteUri));
    }

    [Fact]
    public void Load_BootstrapOfFlagAndEnvironment_ReplaceThoseBelow()
    {
        _scene.WithFile("provider.dht.bootstrap = ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.1/tcp/2']")
            .With("PLASM_BOOTSTRAP", "/ip4/192.0.2.1/tcp/3, /ip4/192.0.2.1/tcp/4").With("PLASM_MODE", "local");
        ProviderFlags flags = new() { ArtifactsDirectory = "/srv/a", Bootstrap = ["/ip4/192.0.2.1/tcp/5"], Mode = "internet", DhtPort = 9 };

        Assert.Equal(["/ip4/192.0.2.1/tcp/3", "/ip4/192.0.2.1/tcp/4"], _scene.Load().Bootstrap.Select(address => address.ToString()));
        Assert.Equal(ProviderMode.Local, _scene.Load().Mode);
        ProviderOptions options = _scene.Options(flags);
        Assert.Equal("/ip4/192.0.2.1/tcp/5", Assert.Single(options.Dht.Bootstrap).ToString());
        Assert.Equal((ProviderMode.Internet, 9), (options.Mode, options.Dht.Port));
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
