using System.Net;
using System.Text.RegularExpressions;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Serving.Configuration;
using PhaseMesh.TestKit;

namespace PhaseMesh.Gateway.Tests.Configuration;

public sealed partial class GatewayFileTests : IDisposable
{
    private static readonly string Key = Ed25519PrivateKey.FromSeed(new byte[32]).PublicKey.KeyId;

    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("phase-gateway-file-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void File_WithProvidersAndSites_IsTakenUp()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "release.pub"), Ed25519PublicKey.Parse(Key).ToPem());
        GatewayOptions options = Load("""
            [gateway]
            trust = "release.pub"
            port = 9000
            memory = 33554432
            cache_dir = "cache"
            silos = ["http://silo:8080"]
            trusted_proxies = ["10.0.0.0/30", "::1/128"]
            [[provider]]
            url = "http://a:8080"
            site = "fra1"
            rack = "r1"
            weight = 2.5
            [[provider]]
            url = "http://b:8080"
            weight = 0
            [[site]]
            name = "fra1"
            cidr = ["10.1.0.0/16"]
            [[site]]
            name = "fra1"
            rack = "r1"
            cidr = ["10.1.1.0/24", "fd00::/48"]
            """);

        Assert.Equal((9000, 32L << 20), (options.Port, options.Chunks.MemoryBytes));
        Assert.Equal(Path.Combine(_directory.FullName, "cache"), options.Chunks.Directory);
        Assert.Contains(Ed25519PublicKey.Parse(Key), options.Trust.Keys);
        Assert.Equal([new Uri("http://silo:8080")], options.Silos);
        Assert.Equal([IPNetwork.Parse("10.0.0.0/30"), IPNetwork.Parse("::1/128")], options.TrustedProxies);
        Assert.Equal(
            [
                new ConfiguredProvider(new Uri("http://a:8080")) { Site = new ReplicaSite("fra1", "r1"), Weight = 2.5 },
                new ConfiguredProvider(new Uri("http://b:8080")) { Weight = 0 },
            ],
            options.Providers);
        Assert.Equal(["10.1.0.0/16 fra1 ", "10.1.1.0/24 fra1 r1", "fd00::/48 fra1 r1"],
            options.Networks.Select(each => $"{each.Network} {each.Site} {each.Rack}"));
    }

    [Fact]
    public void File_BelowFlagsAndEnvironment_GivesTheRest()
    {
        GatewayOptions options = Load(
            $"""
            [gateway]
            trust = "{Key}"
            port = 1
            drain_grace_seconds = 7
            [[provider]]
            url = "http://file:1"
            """,
            [(GatewaySettings.Port, "3"), (GatewaySettings.Provider, "http://flag:1")], ("PHASE_GATEWAY_PORT", "2"));

        Assert.Equal(3, options.Port);
        Assert.Equal([new ConfiguredProvider(new Uri("http://flag:1"))], options.Providers);
        Assert.Equal(TimeSpan.FromSeconds(7), options.DrainGrace);
    }

    [Fact]
    public void File_WithEverythingWrong_IsNamedLineByLineAtOnce()
    {
        IReadOnlyList<string> problems = Problems("""
            [gateway]
            port = 70000
            memory = true
            trust = ["nobody.pub"]
            drain_grace_second = 3
            trusted_proxies = ["10.0.0.1/8"]
            [[provider]]
            site = "Fra1"
            [[provider]]
            url = "http://a"
            weight = 101
            [[provider]]
            url = "http://a/"
            [[site]]
            cidr = ["10.0.0.0/33"]
            [site2]
            """);

        foreach (string expected in (string[])["2:8: port is 70000", "3:10: memory is true: expected an integer or a string",
            "4:10: trust is the string \"nobody.pub\"", "5:1: Unknown key drain_grace_second in [gateway]: did you mean drain_grace_seconds?",
            "6:20: trusted_proxies is the string \"10.0.0.1/8\"", "This [[provider]] has no url", "site is the string \"Fra1\"",
            "weight is 101", "url names http://a/, as another [[provider]] does", "This [[site]] has no name",
            "\"10.0.0.0/33\"", "Unknown key site2 in the file: did you mean site?"])
        {
            Assert.True(problems.Any(problem => problem.Contains(expected, StringComparison.Ordinal)),
                $"{expected} is not among: {string.Join('\n', problems)}");
        }

        Assert.Equal(12, problems.Count);
        Assert.All(problems, problem => Assert.StartsWith(FilePath, problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[gateway\n", "1:9")]
    [InlineData("provider = 1\n", "provider is an integer: expected tables, each begun by [[provider]]")]
    [InlineData("gateway = 1\n", "expected a table")]
    public void File_OfAnotherShape_IsRefused(string toml, string expected) =>
        Assert.Contains(expected, Assert.Single(Problems(toml)), StringComparison.Ordinal);

    [Fact]
    public void File_ThatIsNamedAndMissing_IsAProblem()
    {
        Assert.Null(GatewayConfiguration.Load(
            Flags((GatewaySettings.Config, FilePath)), new GatewayEnvironment(_ => null, false), out IReadOnlyList<string> problems));
        Assert.Contains("found none", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void File_WithTooManyProviders_IsRefused() => Assert.Contains(
        "at most 1024",
        Assert.Single(Problems(string.Concat(Enumerable.Range(1, GatewayFile.MaxProviders + 2).Select(i => $"[[provider]]\nurl=\"http://a:{i}\"\n")))),
        StringComparison.Ordinal);

    [Fact]
    public void Example_AsShipped_HasTheDefaults()
    {
        GatewayOptions options = Load(Example());
        GatewayOptions usual = new() { Trust = options.Trust, StateDirectory = options.StateDirectory, Silos = options.Silos };

        Assert.Equal(usual with { ConfigPath = FilePath, TrustedProxies = options.TrustedProxies, Redirect = options.Redirect, WatchedFiles = options.WatchedFiles, Limits = options.Limits, ReadOnce = options.ReadOnce },
            options with { Providers = usual.Providers, Networks = usual.Networks });
        Assert.Equal((0, 0, 0, false), (options.Providers.Count, options.Networks.Count, options.TrustedProxies.Count,
            options.Redirect.Everyone || options.Redirect.Sites.Count + options.Redirect.Networks.Count > 0));
    }

    [Fact]
    public void Example_WithEveryKeyInForce_IsValid_SaysTheDefaults_AndNoKeyIsMissing()
    {
        using TestCertificates certificates = new(_directory.FullName);
        certificates.Issue();
        string toml = CommentedLine().Replace(Example(), "$1")
            .Replace("/etc/plasm/tls/fullchain.pem", certificates.CertificatePath, StringComparison.Ordinal)
            .Replace("/etc/plasm/tls/privkey.pem", certificates.KeyPath, StringComparison.Ordinal);
        GatewayOptions options = Load(toml);
        GatewayOptions usual = new() { Trust = options.Trust, StateDirectory = "" };

        Assert.Equal((usual.Port, usual.Chunks.MemoryBytes, usual.Chunks.DiskBytes, usual.DrainGrace, usual.Forwarding, usual.TlsPort),
            (options.Port, options.Chunks.MemoryBytes, options.Chunks.DiskBytes, options.DrainGrace, options.Forwarding, options.TlsPort));
        Assert.Equal(1, Assert.Single(options.Providers).Weight);
        IEnumerable<ConfigurationSetting> settings =
            [.. GatewaySettings.All.Where(setting => setting.Table.Length > 0), .. GatewaySettings.OfProvider, .. GatewaySettings.OfSite];
        Assert.All(settings, setting => Assert.Matches($"(?m)^{setting.Name} = ", toml));
    }

    [Fact]
    public async Task Check_SaysWhatServeWould()
    {
        await File.WriteAllTextAsync(FilePath, "[gateway]\nport = -1\n");
        StringWriter output = new(), error = new();
        GatewayEnvironment environment = new(_ => null, false) { DefaultConfigPath = FilePath };

        Assert.Equal(4, await CheckAsync(environment, output, error));
        Assert.Contains($"{FilePath}:2:8: port is -1", error.ToString(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(FilePath, $"[gateway]\ntrust = \"{Key}\"\nsilos = \"http://s\"\n");
        Assert.Equal(0, await CheckAsync(environment, output, error));
        Assert.Contains(FilePath, output.ToString(), StringComparison.Ordinal);
    }

    private static Task<int> CheckAsync(GatewayEnvironment environment, TextWriter output, TextWriter error) => GatewayCommandLine.RunAsync(
        ["check"], environment, output, error, (_, _) => throw new InvalidOperationException("check must not serve"));

    /// <summary>The key of the example is none, so that nobody takes it for his.</summary>
    private static string Example() => File.ReadAllText(Repository.PathOf("deploy", "gateway.toml"))
        .Replace("ed25519:" + new string('0', 64), Key, StringComparison.Ordinal);

    private string FilePath => Path.Combine(_directory.FullName, "gateway.toml");

    private GatewayOptions Load(string toml, (GatewaySetting, string)[]? flags = null, params (string Name, string Value)[] variables)
    {
        File.WriteAllText(FilePath, toml);
        GatewayOptions? options = GatewayConfiguration.Load(
            Flags(flags ?? []),
            new GatewayEnvironment(name => variables.FirstOrDefault(each => each.Name == name).Value, false) { DefaultConfigPath = FilePath },
            out IReadOnlyList<string> problems);
        Assert.Empty(problems);
        return options!;
    }

    private IReadOnlyList<string> Problems(string toml)
    {
        File.WriteAllText(FilePath, toml);
        Assert.Null(GatewayConfiguration.Load(
            Flags((GatewaySettings.Config, FilePath)), new GatewayEnvironment(_ => null, false), out IReadOnlyList<string> problems));
        return problems;
    }

    private static Func<GatewaySetting, IReadOnlyList<string>> Flags(params (GatewaySetting Setting, string Value)[] flags) =>
        setting => [.. flags.Where(flag => flag.Setting == setting).Select(flag => flag.Value)];

    /// <summary>A commented key or table header.</summary>
    [GeneratedRegex(@"^# ([a-z_]+ = .*|\[\[[a-z]+\]\])$", RegexOptions.Multiline)]
    private static partial Regex CommentedLine();
}
