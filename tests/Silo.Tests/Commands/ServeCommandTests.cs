using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Tests.Configuration;

namespace PhaseMesh.Silo.Tests.Commands;

public sealed class ServeCommandTests : IDisposable
{
    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Serve_AsTheMissionShowsIt_RunsTheProvider()
    {
        string artifacts = _scene.Artifacts();
        await _scene.OkAsync("serve", "--artifacts", artifacts, "--channel", "stable", "--arch", "arm64", "--port", "8080");

        Assert.Equal((artifacts, 8080, _scene.PathOf("state/plasm")),
            (_scene.Served!.ArtifactsDirectory, _scene.Served.Port, _scene.Served.StateDirectory));
        Assert.Equal("stable", Assert.Single(_scene.Served.Channels).Channel.ToString());
        Assert.Equal([MachineArch.Arm64], _scene.Served.Channels[0].Archs);
    }

    [Fact]
    public async Task Serve_EveryFlag_ReachesTheProvider()
    {
        (string _, string trusted) = await _scene.KeyAsync("a");
        await _scene.OkAsync("serve", "-a", _scene.Artifacts(), "--arch", "x86_64", "--arch", "aarch64", "-p", "0", "--bind", "::1",
            "--state-dir", _scene.PathOf("s"), "--trust", trusted);

        Assert.Equal((0, "::1", _scene.PathOf("s")), (_scene.Served!.Port, _scene.Served.Bind, _scene.Served.StateDirectory));
        Assert.Equal([MachineArch.X64, MachineArch.Arm64], _scene.Served.Channels[0].Archs);
        Assert.Equal(File.ReadAllText(trusted), Assert.Single(_scene.Served.Catalog.TrustedKeys).ToPem());
    }

    [Fact]
    public async Task Serve_DhtFlags_ReachTheProvider()
    {
        await File.WriteAllTextAsync(_scene.PathOf("peers"), "# Ours\n\n/ip4/192.0.2.3/tcp/4001 # by the door\r\n/dns/boot.example.org/tcp/4001");
        await _scene.OkAsync("serve", "-a", _scene.Artifacts(), "--mode", "private", "--dht-port", "0", "--peers-file", _scene.PathOf("peers"),
            "--bootstrap", "/ip4/192.0.2.1/tcp/4001", "--bootstrap", "/ip4/192.0.2.2/tcp/4001");

        Assert.Equal((ProviderMode.Private, 0), (_scene.Served!.Mode, _scene.Served.Dht.Port));
        Assert.Equal(
            ["/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.2/tcp/4001", "/ip4/192.0.2.3/tcp/4001", "/dns/boot.example.org/tcp/4001"],
            _scene.Served.Dht.Bootstrap.Select(address => address.ToString()));
    }

    [Fact]
    public async Task Serve_BadPeersFile_NamesItsLines()
    {
        string artifacts = _scene.Artifacts();
        string peers = _scene.PathOf("peers");
        await File.WriteAllTextAsync(peers, "/ip4/192.0.2.3/tcp/4001\nhere\e[31m\n/ip4/1.2.3.4");
        Assert.Contains("peers has lines that are no peers (2: 'here?[31m', 3: '/ip4/1.2.3.4'): expected a multiaddr such as",
            await _scene.FailsAsync(ExitCode.Configuration, "serve", "-a", artifacts, "--peers-file", peers), StringComparison.Ordinal);
        Assert.Contains("none cannot be read: ",
            await _scene.FailsAsync(ExitCode.Configuration, "serve", "-a", artifacts, "--peers-file", _scene.PathOf("none")), StringComparison.Ordinal);
        Assert.Contains("is longer than 65536 bytes",
            await _scene.FailsAsync(ExitCode.Configuration, "serve", "-a", artifacts, "--peers-file", "/dev/zero"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(peers, string.Concat(Enumerable.Range(1, 257).Select(port => $"/ip4/192.0.2.3/tcp/{port}\n")));
        Assert.Contains("names 257 peers: expected at most 256",
            await _scene.FailsAsync(ExitCode.Configuration, "serve", "-a", artifacts, "--peers-file", peers), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ConfigFile_IsUsed_AndTrustInItIsRelativeToIt()
    {
        (string _, string trusted) = await _scene.KeyAsync("a");
        _scene.Artifacts();
        await File.WriteAllTextAsync(_scene.PathOf("p.toml"),
            $"[provider]\nartifacts_dir = 'boot'\nport = 9\ntrust = ['{Path.GetFileName(trusted)}']");

        await _scene.OkAsync("serve", "--config", _scene.PathOf("p.toml"), "--port", "10");

        Assert.Equal((10, _scene.PathOf("boot")), (_scene.Served!.Port, _scene.Served.ArtifactsDirectory));
        Assert.Single(_scene.Served.Catalog.TrustedKeys);
    }

    [Fact]
    public async Task Serve_Disabled_SaysSoAndEndsWithItsOwnCode()
    {
        await File.WriteAllTextAsync(_scene.PathOf("provider.toml"),
            ConfigurationScene.MissionFile.Replace("enabled = true", "enabled = false", StringComparison.Ordinal));

        Assert.Contains($"provider.enabled is false in {_scene.PathOf("provider.toml")}",
            await _scene.FailsAsync(ExitCode.Disabled, "serve"), StringComparison.Ordinal);
        Assert.Null(_scene.Served);
        _scene.Variables["PLASM_ENABLED"] = "true";
        await _scene.OkAsync("serve", "--artifacts", _scene.Artifacts());
    }

    [Fact]
    public async Task Serve_BadConfiguration_ReportsEveryErrorOnALineOfItsOwn()
    {
        await File.WriteAllTextAsync(_scene.PathOf("provider.toml"), "[provider]\nport = 99999\nprot = 1\n");
        _scene.Variables["PLASM_BIND"] = "nowhere";

        CommandRun run = await _scene.RunAsync("serve");

        Assert.Equal(ExitCode.Configuration, run.ExitCode);
        string file = _scene.PathOf("provider.toml");
        Assert.Equal(
            [
                $"plasmd: {file}:2:8: port is 99999: expected a TCP port from 0 to 65535 (0: any free one).",
                $"plasmd: {file}:3:1: Unknown key prot in [provider]: did you mean port?",
                "plasmd: PLASM_BIND: The environment has 'nowhere': expected an IPv4 or IPv6 address of this machine, or localhost.",
            ],
            run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Serve_WithoutAnUsableDirectory_SaysWhereToGiveOne()
    {
        Assert.Contains("No artifacts directory is configured; give --artifacts DIR, PLASM_ARTIFACTS_DIR",
            await _scene.FailsAsync(ExitCode.Configuration, "serve"), StringComparison.Ordinal);
        Assert.Contains("does not exist", await _scene.FailsAsync(ExitCode.Configuration, "serve", "-a", _scene.PathOf("none")),
            StringComparison.Ordinal);
        Assert.Contains("is neither a key nor a file",
            await _scene.FailsAsync(ExitCode.Configuration, "serve", "-a", _scene.Artifacts(), "--trust", "k"), StringComparison.Ordinal);
        Assert.Contains("Expected a configuration file, found none",
            await _scene.FailsAsync(ExitCode.Configuration, "serve", "--config", _scene.PathOf("none")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port", "65536")]
    [InlineData("--port", "http")]
    [InlineData("--bind", "example.org")]
    [InlineData("--arch", "mips")]
    [InlineData("--channel", "../x")]
    [InlineData("--mode", "public")]
    [InlineData("--dht-port", "70000")]
    [InlineData("--bootstrap", "192.0.2.1")]
    public async Task Serve_BadFlag_IsAUsageError(string option, string value) =>
        Assert.StartsWith($"plasmd: {option} is '{value}': expected ",
            await _scene.FailsAsync(ExitCode.Usage, "serve", $"{option}={value}"), StringComparison.Ordinal);
}
