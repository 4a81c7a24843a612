using PhaseMesh.Serving.Toml;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Tests.Configuration;

public sealed class ConfigurationProblemTests : IDisposable
{
    private readonly ConfigurationScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("[provider]\nprot = 1", "2:1: Unknown key prot in [provider]: did you mean port?")]
    [InlineData("[provider]\nzzz = 1",
        "2:1: Unknown key zzz in [provider]: expected one of enabled, mode, port, bind, artifacts_dir, state_dir, drain_grace_seconds, trust, channels, advertisement, dht.")]
    [InlineData("[provdier]", "1:2: Unknown key provdier in the file: did you mean provider?")]
    [InlineData("provider = 1", "1:12: provider is an integer: expected a table.")]
    [InlineData("[[provider]]", "1:3: provider is an array of tables: expected a table.")]
    [InlineData("[provider]\nport = \"8080\"",
        "2:8: port is the string \"8080\": expected an integer, a TCP port from 0 to 65535 (0: any free one).")]
    [InlineData("[provider]\nport = 65536", "2:8: port is 65536: expected a TCP port from 0 to 65535 (0: any free one).")]
    [InlineData("[provider]\nport = -1", "2:8: port is -1: expected a TCP port")]
    [InlineData("[provider]\nport = 80.0", "2:8: port is the float 80: expected an integer")]
    [InlineData("[provider]\nport = [80]", "2:8: port is an array: expected an integer")]
    [InlineData("[provider]\nenabled = 'yes'", "2:11: enabled is the string \"yes\": expected true or false")]
    [InlineData("[provider]\nbind = 'example.org'", "2:8: bind is the string \"example.org\": expected an IPv4 or IPv6 address")]
    [InlineData("[provider]\nbind = '1'", "2:8: bind is the string \"1\": expected an IPv4 or IPv6 address")]
    [InlineData("[provider]\nartifacts_dir = ''", "2:17: artifacts_dir is the string \"\": expected a path")]
    [InlineData("[provider]\nartifacts_dir = \"a\\u0000b\"", "2:17: artifacts_dir is the string \"a?b\": expected a path")]
    [InlineData("[provider]\ndrain_grace_seconds = 86401", "2:23: drain_grace_seconds is 86401: expected seconds from 0 to 86400.")]
    [InlineData("[provider.channels.Stable]", "1:20: The channel name 'Stable' is not valid: expected 1 to 64 of a-z")]
    [InlineData("[provider.channels]\nstable = 1", "2:10: stable is an integer: expected a table [provider.channels.stable].")]
    [InlineData("[provider.channels.a]\narch = 'mips'",
        "2:8: arch is the string \"mips\": expected x86_64 (or amd64) or arm64 (or aarch64).")]
    [InlineData("[provider.channels.a]\narch = []", "2:8: arch is empty: expected at least one")]
    [InlineData("[provider.channels.a]\narch = [\"arm64\",\n  \"aarch64\"]", "3:3: arch names 'aarch64' a second time")]
    [InlineData("[provider.channels.a]\narch = [1]", "2:9: arch has 1: expected strings")]
    [InlineData("[provider.channels.a]\nkernel = '../vmlinuz'",
        "2:10: kernel is the string \"../vmlinuz\": expected a file name inside the artifacts directory")]
    [InlineData("[provider.channels.a]\nrootfs = '/etc/shadow'", "2:10: rootfs is the string \"/etc/shadow\": expected a file name inside")]
    [InlineData("[provider.channels.a]\nkernal = 'x'", "2:1: Unknown key kernal in [provider.channels.a]: did you mean kernel?")]
    [InlineData("[provider.advertisement]\nmdns = 1", "2:8: mdns is 1: expected true or false")]
    [InlineData("[provider.advertisement]\nbt = true", "2:1: Unknown key bt in [provider.advertisement]: expected one of dht, mdns.")]
    [InlineData("[provider]\nmode = 'public'", "2:8: mode is the string \"public\": expected internet, local or private.")]
    [InlineData("[provider.dht]\nport = 65536", "2:8: port is 65536: expected a TCP port from 0 to 65535")]
    [InlineData("[provider.dht]\nbootstrap = ['192.0.2.1:4001']",
        "2:14: bootstrap is the string \"192.0.2.1:4001\": expected a multiaddr such as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW...")]
    [InlineData("[provider.dht]\nbootstrap = '/ip4/192.0.2.1/udp/4001/quic-v1'", "2:13: bootstrap is the string")]
    [InlineData("[provider.dht]\nbootstrap = '/ip4/192.0.2.1/tcp/0'", "2:13: bootstrap is the string")]
    [InlineData("[provider.dht]\nbootstrap = '/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWnobody'", "2:13: bootstrap is the string")]
    [InlineData("[provider.dht]\nbootstrap = '/dnsaddr/boot.example.org'", "2:13: bootstrap is the string")]
    [InlineData("[provider.dht]\nannounce = 'https://boot.example.org/phase'",
        "2:12: announce is the string \"https://boot.example.org/phase\": expected a URL such as https://boot.example.org without a path, or a multiaddr")]
    [InlineData("[provider.dht]\nannounce = 'ftp://boot.example.org'", "2:12: announce is the string")]
    [InlineData("[provider.dht]\nannounce = 'http://user@boot.example.org'", "2:12: announce is the string")]
    [InlineData("[provider.dht]\nannounce = '/ip4/192.0.2.1/udp/1'", "2:12: announce is the string")]
    [InlineData("[provider.dht]\nrecord_life_seconds = 119", "2:23: record_life_seconds is 119: expected seconds from 120 to 172800.")]
    [InlineData("[provider.dht]\nrecord_life_seconds = 172801", "2:23: record_life_seconds is 172801: expected seconds from 120 to 172800.")]
    [InlineData("[provider.dht]\nprot = 1", "2:1: Unknown key prot in [provider.dht]: did you mean port?")]
    [InlineData("[provider]\nport = ", "2:8: Expected a value")]
    public void Load_BadFile_NamesFileLineColumnValueAndRule(string toml, string expected)
    {
        ConfigurationProblem problem =
            Assert.Single(_scene.WithFile(toml).Load(new ProviderFlags { ConfigPath = _scene.FilePath }).Problems);

        Assert.StartsWith($"{_scene.FilePath}:{expected}", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ManyErrors_AreReportedAtOnce_InTheFilesOrder()
    {
        _scene.WithFile("""
            colour = "red"
            [provider]
            enabled = 1
            port = 70000
            [provider.channels.stable]
            arch = ["x86_64", "mips", 3]
            kernel = ""
            [provider.advertisement]
            dht = "on"
            """).With("PLASM_BIND", "here").With("PLASM_MDNS", "1");

        IReadOnlyList<ConfigurationProblem> problems = _scene.Load().Problems;

        Assert.Equal(
            ["1:1", "3:11", "4:8", "6:19", "6:27", "7:10", "9:7", "PLASM_BIND", "PLASM_MDNS"],
            problems.Select(problem => problem.Where.Replace(_scene.FilePath + ":", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("PLASM_PORT", "tcp://10.0.0.1:80", "expected a TCP port from 0 to 65535")]
    [InlineData("PLASM_ENABLED", "yes", "expected true or false")]
    [InlineData("PLASM_ARCH", "x86_64,,arm64", "expected x86_64 (or amd64)")]
    [InlineData("PLASM_CHANNEL", "a/b", "expected 1 to 64 of a-z")]
    [InlineData("PLASM_MODE", "public", "expected internet, local or private")]
    [InlineData("PLASM_DHT_PORT", "-1", "expected a TCP port from 0 to 65535")]
    [InlineData("PLASM_BOOTSTRAP", "/ip4/192.0.2.1/tcp/4001,here", "expected a multiaddr such as")]
    [InlineData("PLASM_DHT_ANNOUNCE", "boot.example.org", "expected a URL such as https://boot.example.org without a path")]
    [InlineData("PLASM_DHT_RECORD_LIFE_SECONDS", "30m", "expected seconds from 120 to 172800")]
    [InlineData("PLASM_DRAIN_GRACE_SECONDS", "1m", "expected seconds from 0 to 86400")]
    public void Load_BadVariable_NamesItsValueAndRule(string variable, string value, string rule)
    {
        ConfigurationProblem problem = Assert.Single(_scene.With(variable, value).Load().Problems);

        Assert.Equal(variable, problem.Where);
        Assert.Contains(rule, problem.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_BadVariableThatAFlagOverrides_IsNotJudged() =>
        Assert.Equal(9000,
            _scene.With("PLASM_PORT", "tcp://10.0.0.1:80").Options(new ProviderFlags { Port = 9000, ArtifactsDirectory = "a" }).Port);

    [Fact]
    public void Load_EndlessFile_IsRefusedAtTheLimit()
    {
        ConfigurationProblem problem = Assert.Single(_scene.Load(new ProviderFlags { ConfigPath = "/dev/zero" }).Problems);

        Assert.Contains($"at most {TomlLimits.MaxFileBytes} bytes", problem.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ControlCharactersInValues_DoNotReachTheTerminal()
    {
        ConfigurationProblem problem = Assert.Single(_scene.WithFile("[provider]\nbind = \"\\u001b[31mred\\n\"").Load().Problems);

        Assert.DoesNotContain(problem.ToString(), char.IsControl);
    }
}
