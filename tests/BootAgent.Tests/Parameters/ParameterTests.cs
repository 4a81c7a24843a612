using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Tests.Parameters;

public sealed class ParameterTests : IDisposable
{
    private static readonly DateTimeOffset BuildTime = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);
    private const string Peer = "/ip4/10.0.0.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    private const string OtherPeer = "/dns4/boot.example.org/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    private readonly string _folder = Directory.CreateTempSubdirectory("phase-parameters-").FullName;
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate();
    private readonly Ed25519PrivateKey _other = Ed25519PrivateKey.Generate();

    private string KeyId => _key.PublicKey.KeyId;

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _key.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void Bind_EveryKernelParameter_IsTakenOver()
    {
        AgentOptions options = FromKernel(
            "BOOT_IMAGE=/vmlinuz console=ttyS0 phase.mode=private phase.channel=testing phase.arch=aarch64 "
            + "phase.provider=http://10.0.2.2:8080,http://[fe80::1]:9/p/ "
            + $"phase.trust={KeyId} phase.cache=disabled phase.nowrite=true phase.boot_id=0123456789abcdef0123456789abcdef "
            + $"phase.on_failure=poweroff phase.bootstrap={Peer},{OtherPeer} phase.retry=30 phase.debug "
            + "phase.fleet=http://silo1:8080/,https://silo2 phase.fleet=http://silo1:8080 "
            + "phase.announce=http://203.0.113.7:8081/ phase.announce=https://node7.example.org\n");

        Assert.Equal(PhaseMode.Private, options.Mode);
        Assert.Equal("testing", options.Channel.ToString());
        Assert.Equal("arm64", options.Arch.ToString());
        Assert.Equal(["http://10.0.2.2:8080", "http://[fe80::1]:9/p"], options.Providers.Select(provider => provider.Text));
        Assert.Equal([_key.PublicKey], options.TrustedKeys);
        Assert.Null(options.CacheDirectory);
        Assert.True(options.NoWrite);
        Assert.Equal("0123456789abcdef0123456789abcdef", options.BootId);
        Assert.Equal(FailureAction.Poweroff, options.OnFailure);
        Assert.True(options.Debug);
        Assert.Null(options.OutputDirectory);
        Assert.Equal([Peer, OtherPeer], options.Bootstrap.Select(peer => peer.ToString()));
        Assert.True(options.UsesDht);
        Assert.Equal(["http://silo1:8080", "https://silo2"], options.Fleet.Select(url => url.Text));
        Assert.Equal(["http://203.0.113.7:8081", "https://node7.example.org"], options.Announced.Select(url => url.Text));
        Assert.Equal(TimeSpan.FromSeconds(30), options.RetryLimit);
        Assert.Empty(options.Warnings);
    }

    [Fact]
    public void Bind_BootstrapInModeLocal_IsNotUsedAndSaysSo()
    {
        AgentOptions options = FromKernel($"phase.trust={KeyId} phase.mode=local phase.bootstrap={Peer}");

        Assert.False(options.UsesDht);
        Assert.Equal("phase.bootstrap is not used in mode local, which does not leave the LAN", Assert.Single(options.Warnings));
    }

    [Fact]
    public void Bind_MoreBootstrapNodesThanUsed_IsAnError()
    {
        string many = string.Join(',', Enumerable.Range(1, BootstrapPeers.MaxPeers + 1).Select(port =>
            Peer.Replace("4001", $"{port}", StringComparison.Ordinal)));
        ParameterValues values = new();
        values.Add(ParameterTable.Bootstrap, new GivenValue(many, "--bootstrap"));

        Assert.Equal(BootstrapPeers.MaxPeers, BootstrapPeers.Read(values, null).Count);
        Assert.Equal("phase.bootstrap: 33 nodes; at most 32 are used", Assert.Single(values.Errors));
    }

    [Fact]
    public void BootstrapPeers_FilesOfTheImage_AddUpAndTheirFaultsAreWarnings()
    {
        File.WriteAllText(Path.Combine(_folder, "a.addr"), $"# ours\n{Peer} # first\n\n/ip4/nonsense\n");
        File.WriteAllText(Path.Combine(_folder, "b.addr"), OtherPeer);
        File.WriteAllText(Path.Combine(_folder, "huge.addr"), new string('#', 70_000));
        File.WriteAllText(Path.Combine(_folder, "notes.txt"), "not read");
        ParameterValues values = new();

        Assert.Equal([Peer, OtherPeer], BootstrapPeers.Read(values, _folder).Select(peer => peer.ToString()));
        Assert.Empty(values.Errors);
        Assert.Equal(2, values.Warnings.Count);
        Assert.Contains("/ip4/nonsense is no bootstrap node; expected /ip4/", values.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("larger than 65536 bytes", values.Warnings[1], StringComparison.Ordinal);
        Assert.Empty(BootstrapPeers.Read(new ParameterValues(), Path.Combine(_folder, "absent")));
    }

    [Fact]
    public void Bind_OnlyAKey_HasTheDefaults()
    {
        AgentOptions options = FromKernel($"quiet phase.trust={KeyId}");

        Assert.Equal((PhaseMode.Internet, "stable", FailureAction.Reboot, false, false),
            (options.Mode, options.Channel.ToString(), options.OnFailure, options.NoWrite, options.Debug));
        Assert.Matches("^[0-9a-f]{32}$", options.BootId);
        Assert.NotEqual(options.BootId, FromKernel($"phase.trust={KeyId}").BootId);
        Assert.Equal(BuildTime, options.NotBefore);
        Assert.Equal(TimeSpan.FromMinutes(10), options.RetryLimit);
        Assert.Empty(options.Bootstrap);
    }

    [Theory]
    [InlineData("phase.mode=lan", "phase.mode=lan: expected internet, local or private")]
    [InlineData("phase.channel=Stable!", "phase.channel=Stable!: expected 1 to 64 of a-z")]
    [InlineData("phase.arch=riscv", "phase.arch=riscv: expected x86_64 (or amd64) or arm64 (or aarch64)")]
    [InlineData("phase.cache=on", "phase.cache=on: expected enabled or disabled")]
    [InlineData("phase.nowrite=yes", "phase.nowrite=yes: expected true or false")]
    [InlineData("phase.boot_id=abc", "phase.boot_id=abc: expected 32 lower-case hex digits")]
    [InlineData("phase.on_failure=panic", "phase.on_failure=panic: expected shell, reboot or poweroff")]
    [InlineData("phase.debug=1", "phase.debug=1: expected true or false")]
    [InlineData("phase.retry=10m", "phase.retry=10m: expected a whole number of seconds, 0 to 86400")]
    [InlineData("phase.retry=86401", "phase.retry=86401: expected a whole number of seconds")]
    [InlineData("phase.retry=-1", "phase.retry=-1: expected a whole number of seconds")]
    [InlineData("phase.bootstrap=10.0.0.1:4001", "phase.bootstrap=10.0.0.1:4001: expected /ip4/ADDRESS/tcp/PORT/p2p/PEER")]
    [InlineData("phase.bootstrap=/ip4/10.0.0.1/tcp/4001", "phase.bootstrap=/ip4/10.0.0.1/tcp/4001: expected /ip4/")]
    [InlineData("phase.bootstrap=" + Peer + ",", "phase.bootstrap=: expected /ip4/")]
    [InlineData("phase.bootstrap=/ip4/10.0.0.1/udp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN", "expected /ip4/")]
    [InlineData("phase.bootstrap=/dns4/a'b/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN", "expected /ip4/")]
    [InlineData("phase.trust=ed25519:00", "phase.trust=ed25519:00: expected Ed25519 keys")]
    [InlineData("phase.channel", "phase.channel: has no value")]
    [InlineData("phase.fleet=silo:8080", "phase.fleet=silo:8080: expected http(s)://HOST[:PORT]")]
    [InlineData("phase.fleet=http://a/b", "phase.fleet=http://a/b: expected")]
    [InlineData("phase.fleet=http://a,", "phase.fleet=: expected")]
    [InlineData("phase.announce=node7:8080", "phase.announce=node7:8080: expected http(s)://HOST[:PORT]")]
    [InlineData("phase.announce=http://a/b", "phase.announce=http://a/b: expected")]
    [InlineData("phase.announce=http://a~b", "phase.announce=http://a~b: expected")]
    [InlineData("phase.announce=http://a:1,http://a:2,http://a:3,http://a:4,http://a:5,http://a:6,http://a:7,http://a:8,http://a:9",
        "phase.announce: 9 URLs; at most 8 are used")]
    [InlineData("phase.provider=https://a", "phase.provider=https://a: expected http://HOST[:PORT]")]
    [InlineData("phase.provider=http://user@a", "phase.provider=http://user@a: expected")]
    [InlineData("phase.provider=http://a?x=1", "phase.provider=http://a?x=1: expected")]
    [InlineData("phase.provider=http://a,", "phase.provider=: expected")]
    [InlineData("phase.provider=http://a/../b", "phase.provider=http://a/../b: expected")]
    [InlineData("phase.provider=\"http://a b\"", "phase.provider=http://a b: expected")]
    [InlineData("phase.provider=http://a'b", "phase.provider=http://a'b: expected")]
    public void Bind_WrongValue_NamesParameterValueAndWhatIsExpected(string word, string expected)
    {
        BootFailedException failure = Assert.Throws<BootFailedException>(() => FromKernel($"phase.trust={KeyId} {word}"));

        Assert.Equal(AgentExitCode.BadParameters, failure.ExitCode);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_SeveralWrongValues_NamesThemAll()
    {
        BootFailedException failure = Assert.Throws<BootFailedException>(() => FromKernel("phase.mode=x phase.cache=y phase.provider=z"));

        Assert.Contains("phase.mode=x", failure.Message, StringComparison.Ordinal);
        Assert.Contains("phase.cache=y", failure.Message, StringComparison.Ordinal);
        Assert.Contains("phase.provider=z", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_UnknownAndRepeatedParameters_AreWarnedOf()
    {
        AgentOptions options = FromKernel($"phase.colour=red phase.mode=local phase.mode=private phase.trust={KeyId} -- phase.mode=x");

        Assert.Equal(PhaseMode.Private, options.Mode);
        Assert.Equal(["unknown kernel parameter phase.colour is ignored", "phase.mode is given 2 times; the last one holds"],
            options.Warnings);
    }

    [Fact]
    public void Bind_TrustGivenTwice_AddsUp()
    {
        AgentOptions options = FromKernel($"phase.trust={KeyId} phase.trust={_other.PublicKey.KeyId},{KeyId}");

        Assert.Equal([_key.PublicKey, _other.PublicKey], options.TrustedKeys);
    }

    [Fact]
    public void Bind_NoKey_RefusesWithTheRemedy()
    {
        BootFailedException failure = Assert.Throws<BootFailedException>(() => FromKernel("phase.provider=http://a"));

        Assert.Equal(AgentExitCode.BadParameters, failure.ExitCode);
        Assert.Contains("add phase.trust=ed25519:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_TrustDirectory_ReadsPemAndLines()
    {
        File.WriteAllText(Path.Combine(_folder, "a.pub"), _key.PublicKey.ToPem());
        File.WriteAllText(Path.Combine(_folder, "b.pub"), $"# the second\n\n{_other.PublicKey.KeyId} # it\n");
        File.WriteAllText(Path.Combine(_folder, "notes.txt"), "not a key");

        AgentOptions options = FromFlags("--no-kexec", "--output", "/nowhere", "--trust-dir", _folder);

        Assert.Equal([_key.PublicKey, _other.PublicKey], options.TrustedKeys);
    }

    [Fact]
    public void Bind_TrustDirectoryWithABrokenKey_Refuses()
    {
        File.WriteAllText(Path.Combine(_folder, "a.pub"), "garbage");

        BootFailedException failure = Assert.Throws<BootFailedException>(() =>
            FromFlags("--no-kexec", "--output", "/nowhere", "--trust-dir", _folder, "--trust", KeyId));

        Assert.Contains($"{_folder}/a.pub: expected PEM or lines of", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_FlagAndKernelParameter_TheFlagWinsAndTrustAddsUp()
    {
        string file = Path.Combine(_folder, "cmdline");
        File.WriteAllText(file, $"phase.channel=testing phase.mode=local phase.trust={KeyId}");

        AgentOptions options = AgentSetup.Bind(["--cmdline", file, "--channel=stable", "--trust", _other.PublicKey.KeyId]);

        Assert.Equal(("stable", PhaseMode.Local, 2), (options.Channel.ToString(), options.Mode, options.TrustedKeys.Count));
    }

    [Theory]
    [InlineData("--colour: not a flag of phase-agent", "--colour", "red")]
    [InlineData("--channel: has no value", "--channel")]
    [InlineData("--channel: has no value", "--channel", "--debug")]
    [InlineData("--debug: takes no value", "--debug=true")]
    [InlineData("--channel: given twice", "--channel", "stable", "--channel=testing")]
    [InlineData("--no-kexec: needs --output DIR", "--no-kexec")]
    [InlineData("--output: only used with --no-kexec", "--output", "x")]
    [InlineData("--cache=/nowhere/at/all: no such directory", "--cache", "/nowhere/at/all")]
    [InlineData("--not-before=soon: expected a time", "--not-before", "soon")]
    public void Bind_WrongFlags_SayWhatIsWrong(string expected, params string[] flags)
    {
        ArgumentNullException.ThrowIfNull(flags);
        BootFailedException failure = Assert.Throws<BootFailedException>(() => FromFlags([.. flags, "--trust", KeyId]));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadFile_LongerThanAnyCommandLine_Refuses()
    {
        string file = Path.Combine(_folder, "cmdline");
        File.WriteAllText(file, new string('x', KernelCommandLine.MaxBytes + 1));
        ParameterValues values = new();

        KernelCommandLine.ReadFile(file, values);

        Assert.Contains("longer than 4096 bytes", Assert.Single(values.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Help_NamesEveryFlagAndExitCode()
    {
        string help = HelpText.Write();

        Assert.All(ParameterTable.All, parameter => Assert.Contains(parameter.Flag, help, StringComparison.Ordinal));
        Assert.All(AgentExitCodes.All, code => Assert.Contains($"{(int)code,3}  {code.Meaning()}", help, StringComparison.Ordinal));
    }

    private static AgentOptions FromKernel(string commandLine)
    {
        ParameterValues values = new();
        KernelCommandLine.Read(commandLine, values);
        return new OptionsBinder(values).Bind(BuildTime);
    }

    private static AgentOptions FromFlags(params string[] flags)
    {
        ParameterValues values = new();
        HostArguments.Read(flags, values);
        return new OptionsBinder(values).Bind(BuildTime);
    }
}
