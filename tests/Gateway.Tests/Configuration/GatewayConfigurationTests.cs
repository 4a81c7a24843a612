using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit;

namespace PhaseMesh.Gateway.Tests.Configuration;

public class GatewayConfigurationTests
{
    private static readonly string Key = Ed25519PrivateKey.FromSeed(new byte[32]).PublicKey.KeyId;

    [Fact]
    public async Task Serve_WithEverythingWrong_NamesAllOfItAtOnce()
    {
        (int exitCode, string error, GatewayOptions? options) = await RunAsync(
            ["serve", "--port", "70000", "--memory", "15MiB", "--provider", "ftp://x", "--provider", "http://ok/path", "--bind", "nowhere",
                "--bind", "localhost", "--channel", "No!"],
            ("PHASE_GATEWAY_CACHE_SIZE", "much"));

        Assert.Equal(GatewayCommandLine.ConfigurationError, exitCode);
        Assert.Null(options);
        foreach (string expected in (string[])["--port is '70000'", "--memory is '15MiB'", "--provider is 'ftp://x'", "'http://ok/path'",
            "--bind is 'nowhere'", "--bind is given 2 times", "--channel is 'No!'", "PHASE_GATEWAY_CACHE_SIZE is 'much'",
            "--trust is missing"])
        {
            Assert.Contains(expected, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Serve_WithFlagsAndVariables_TakesFlagsFirst()
    {
        (int exitCode, string error, GatewayOptions? options) = await RunAsync(
            ["serve", "--port", "0", "--provider", "http://a:1", "--provider", "http://b:2/"],
            ("PHASE_GATEWAY_PORT", "9"), ("PHASE_GATEWAY_TRUST", Key), ("PHASE_GATEWAY_MEMORY", "1GiB"),
            ("STATE_DIRECTORY", "/state:/other"));

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(0, options!.Port);
        Assert.Equal([new Uri("http://a:1"), new Uri("http://b:2")], options.Providers.Select(provider => provider.Url));
        Assert.Equal(1L << 30, options.Chunks.MemoryBytes);
        Assert.Equal("/state", options.StateDirectory);
    }

    [Theory]
    [InlineData("serve", "--nonsense")]
    [InlineData("serfe")]
    [InlineData]
    public async Task WrongCommandLine_IsAUsageError(params string[] arguments)
    {
        (int exitCode, string error, _) = await RunAsync(arguments);

        Assert.Equal(GatewayCommandLine.UsageError, exitCode);
        Assert.StartsWith("phase-gateway: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1024", 1024)]
    [InlineData("3KiB", 3072)]
    [InlineData("2GiB", 2L << 30)]
    public void ByteSize_ReadsWhatPeopleWrite(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("-1")]
    [InlineData("1.5GiB")]
    [InlineData("9999999999GiB")]
    public void ByteSize_RefusesTheRest(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Fact]
    public void Document_NamesEverySetting()
    {
        string document = File.ReadAllText(Repository.PathOf("docs", "gateway.md"));
        Assert.All(GatewaySettings.All, setting =>
        {
            Assert.Contains($"`{setting.Flag}`", document, StringComparison.Ordinal);
            Assert.Contains($"`{setting.Variable}`", document, StringComparison.Ordinal);
        });
    }

    private static async Task<(int ExitCode, string Error, GatewayOptions? Options)> RunAsync(
        string[] arguments, params (string Name, string Value)[] variables)
    {
        GatewayOptions? taken = null;
        StringWriter error = new();
        GatewayEnvironment environment = new(name => variables.FirstOrDefault(each => each.Name == name).Value, IsPrivileged: false)
        {
            DefaultConfigPath = "/nonexistent/gateway.toml",
        };
        int exitCode = await GatewayCommandLine.RunAsync(arguments, environment, TextWriter.Null, error, (options, _) =>
        {
            taken = options;
            return Task.FromResult(0);
        });
        return (exitCode, error.ToString(), taken);
    }
}
