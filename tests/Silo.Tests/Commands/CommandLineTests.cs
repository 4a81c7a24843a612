using PhaseMesh.Silo.Commands;

namespace PhaseMesh.Silo.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("Unknown command 'mainfest'. Did you mean 'manifest'? See 'plasmd --help'.", "mainfest", "generate")]
    [InlineData("Unknown command 'sing'. Did you mean 'sign'? See 'plasmd manifest --help'.", "manifest", "sing")]
    [InlineData("Unknown option '--prot'. Did you mean '--port'? See 'plasmd serve --help'.", "serve", "--prot", "80")]
    [InlineData("Unknown option '--xyzzy'. See 'plasmd serve --help'.", "serve", "--xyzzy")]
    [InlineData("Unknown argument 'b.json'. See 'plasmd manifest verify --help'.", "manifest", "verify", "a.json", "b.json")]
    [InlineData("Expected a command: serve, manifest, key, provider, channel, boot, cluster, fleet, route, mdns, dht, top, completion. See 'plasmd --help'.")]
    [InlineData(
        "Expected a command: status, list, artifacts, drain, approve, quarantine, release, weight. See 'plasmd provider --help'.",
        "provider")]
    [InlineData("Option '--output' is required. See 'plasmd key generate --help'.", "key", "generate")]
    [InlineData("There is no completion for 'csh': expected bash, zsh, fish. See 'plasmd completion --help'.", "completion", "csh")]
    public async Task Run_WrongCommandLine_SaysWhatIsWrongAndWhereToReadOn(string expected, params string[] arguments) =>
        Assert.Equal("plasmd: " + expected, await _scene.FailsAsync(ExitCode.Usage, arguments));

    [Theory]
    [InlineData("serve")]
    [InlineData("manifest", "generate")]
    [InlineData("manifest", "sign")]
    [InlineData("manifest", "verify")]
    [InlineData("key", "generate")]
    [InlineData("key", "show")]
    [InlineData("provider", "status")]
    [InlineData("provider", "list")]
    [InlineData("provider", "artifacts")]
    [InlineData("dht", "find")]
    [InlineData("dht", "get")]
    [InlineData("dht", "peers")]
    [InlineData("dht", "bench")]
    [InlineData("mdns", "browse")]
    [InlineData("completion")]
    public async Task Help_OfEveryCommand_DescribesEachOptionAndEndsWithExamplesThatParse(params string[] command)
    {
        string help = (await _scene.OkAsync([.. command, "--help"])).Output;

        Assert.Contains("Description:", help, StringComparison.Ordinal);
        string[] options = [.. help.Split('\n').SkipWhile(line => line != "Options:").Skip(1).TakeWhile(line => line.Length > 0)];
        Assert.All(options, line => Assert.Matches(@"^  -\S.*  +\S", line));
        string[] examples =
            [.. help.Split('\n').SkipWhile(line =>
                line != "Examples:").Skip(1).Select(line =>
                    line.Trim()).Where(line => line.StartsWith("plasmd ", StringComparison.Ordinal))];
        Assert.NotEmpty(examples);
        foreach (string example in examples)
        {
            string[] words = example.Split([" | ", " > "], StringSplitOptions.None)[0].Replace("\"", "",
                StringComparison.Ordinal).Replace("console=ttyS0 quiet", "x", StringComparison.Ordinal).Split(' ')[1..];
            Assert.Equal(ExitCode.Ok, (await _scene.RunAsync([.. words, "--help"])).ExitCode);
        }
    }

    [Fact]
    public async Task Help_OfTheRoot_HasExamplesAndExitCodes()
    {
        string help = (await _scene.OkAsync("--help")).Output;

        Assert.Contains("plasmd serve --artifacts", help, StringComparison.Ordinal);
        Assert.All(ExitCode.All, entry => Assert.Contains($"  {entry.Code,-4} {entry.Meaning}\n", help, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Version_IsTheAssemblys() => Assert.Matches(@"^plasmd \d+\.\d+\.\d+\n$", (await _scene.OkAsync("--version")).Output);

    [Theory]
    [InlineData("", "boot", "channel", "cluster", "completion", "dht", "fleet", "key", "manifest", "mdns", "provider", "route", "serve", "top")]
    [InlineData("provider ", "approve", "artifacts", "drain", "list", "quarantine", "release", "status", "weight")]
    [InlineData("dht ", "bench", "find", "get", "peers")]
    [InlineData("dht find s", "stable/arm64", "stable/x86_64")]
    [InlineData("provider s", "status")]
    [InlineData("  manifest   gen", "generate")]
    [InlineData("manifest sign ")]
    [InlineData("serve --arch ", "arm64", "x86_64")]
    [InlineData("serve --arch x", "x86_64")]
    [InlineData("serve --arch x86_64 --ch", "--channel")]
    [InlineData("serve --channel stable --arch x86_64 --", "--arch", "--artifacts", "--bind", "--boot-id", "--boot-trace", "--bootstrap",
        "--cluster-database", "--config", "--dht-port", "--fleet", "--help", "--mode", "--peers-file", "--port", "--silo-name", "--state-dir",
        "--ticket", "--trust")]
    [InlineData("serve --mode ", "internet", "local", "private")]
    [InlineData("serve --artifacts ")]
    [InlineData("serve -a \"/srv/my boot\" --po", "--port")]
    [InlineData("completion ", "bash", "fish", "zsh")]
    [InlineData("provider status --j", "--json")]
    [InlineData(
        "nonsense --whatever x ",
        "boot", "channel", "cluster", "completion", "dht", "fleet", "key", "manifest", "mdns", "provider", "route", "serve", "top")]
    public async Task Suggest_OffersExactlyWhatMayComeNext(string line, params string[] expected)
    {
        CommandRun run = await _scene.OkAsync($"[suggest:{line.Length}]", line);
        CommandRun withRestAfterCursor = await _scene.OkAsync($"[suggest:{line.Length}]", line + " --rest");

        Assert.Equal(string.Concat(expected.Select(word => word + "\n")), run.Output);
        Assert.Equal(run.Output, withRestAfterCursor.Output);
    }

    [Theory]
    [InlineData(true, null, "xterm", true)]
    [InlineData(false, null, "xterm", false)]
    [InlineData(true, "1", "xterm", false)]
    [InlineData(true, null, "dumb", false)]
    public async Task Output_HasEscapeCodesOnlyOnATerminalThatWantsThem(bool terminal, string? noColor, string term, bool expected)
    {
        _scene.OnTerminal = terminal;
        _scene.Variables["TERM"] = term;
        if (noColor is not null)
        {
            _scene.Variables["NO_COLOR"] = noColor;
        }

        await using var provider =
            StubProvider.Json("""{"name":"plasmd","version":"1","state":"serving","releases":[{"channel":"c","arch":"a","state":"serving"}]}""");
        CommandRun status = await _scene.OkAsync("provider", "status", "--url", provider.Url);
        CommandRun generate = await _scene.OkAsync("manifest", "generate", "-a", _scene.Artifacts(), "-o", _scene.PathOf("m.json"));

        Assert.Equal(expected, status.Output.Contains('\e', StringComparison.Ordinal));
        Assert.Equal(expected, generate.Error.Contains('\e', StringComparison.Ordinal));
        Assert.DoesNotContain("\e", generate.Output, StringComparison.Ordinal);
        Assert.Equal(!expected, generate.Error.Contains("Hashing kernel (", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_OnATerminal_HasNoEscapeCodesEither()
    {
        _scene.OnTerminal = true;
        await using var provider =
            StubProvider.Json("""{"name":"plasmd","version":"1","state":"serving","releases":[{"channel":"c","arch":"a","state":"serving"}]}""");

        Assert.DoesNotContain("\e", (await _scene.OkAsync("provider", "status", "--json", "--url", provider.Url)).Output,
            StringComparison.Ordinal);
    }
}
