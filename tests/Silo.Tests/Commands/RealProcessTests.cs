using PhaseMesh.Manifests;
using PhaseMesh.Silo.Commands;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>What only the real process shows: exit codes, streams, signals, the shell.</summary>
public sealed class RealProcessTests : IDisposable
{
    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Run_ExitCodesAndStreams_AreTheProcesss()
    {
        CommandRun version = await PlasmdProcess.RunAsync(["--version"]);
        CommandRun usage = await PlasmdProcess.RunAsync(["serve", "--prot"]);
        CommandRun configuration = await PlasmdProcess.RunAsync(["serve", "--config", _scene.PathOf("none.toml")]);
        CommandRun unreachable = await PlasmdProcess.RunAsync(["provider", "status", "--url", "http://127.0.0.1:1/"]);

        Assert.Equal((ExitCode.Ok, ""), (version.ExitCode, version.Error));
        Assert.Equal((ExitCode.Usage, ""), (usage.ExitCode, usage.Output));
        Assert.Equal((ExitCode.Configuration, ""), (configuration.ExitCode, configuration.Output));
        Assert.Equal((ExitCode.NotReachable, ""), (unreachable.ExitCode, unreachable.Output));
        Assert.All([usage.Error, configuration.Error, unreachable.Error], error => Assert.Matches(@"^plasmd: [^\n\e]+\n$", error));
    }

    [Fact]
    public async Task Help_NamesTheProgramAsItIsCalled()
    {
        CommandRun help = await PlasmdProcess.RunAsync(["manifest", "generate", "--help"]);

        Assert.Contains("Usage:\n  plasmd manifest generate [options]\n", help.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", help.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sign_ThroughPipes_ReadsAndWritesManifests()
    {
        (string key, string trusted) = await _scene.KeyAsync("a");
        string unsigned = (await _scene.OkAsync("manifest", "generate", "-a", _scene.Artifacts(), "-o", "-")).Output;

        CommandRun signed = await PlasmdProcess.RunAsync(["manifest", "sign", "-", "--key", key], unsigned);
        CommandRun verified = await PlasmdProcess.RunAsync(["manifest", "verify", "-", "--trust", trusted], signed.Output);
        CommandRun refused = await PlasmdProcess.RunAsync(["manifest", "verify", "-", "--trust", trusted], unsigned);

        Assert.Equal((ExitCode.Ok, ExitCode.Ok, ExitCode.Refused), (signed.ExitCode, verified.ExitCode, refused.ExitCode));
        Assert.Single(BootManifest.Parse(System.Text.Encoding.UTF8.GetBytes(signed.Output)).Signatures);
    }

    [Fact]
    public async Task Serve_ThenStatusAndArtifacts_ThenSigterm()
    {
        string artifacts = _scene.Artifacts();
        await using var provider = ChildProcess.Start(
            "plasmd",
            "dotnet",
            [PlasmdProcess.AssemblyPath, "serve", "-a", artifacts, "-p", "0", "--bind", "127.0.0.1", "--dht-port", "0", "--state-dir", _scene.PathOf("state")]);
        OutputLine listening = await provider.WaitForLineAsync("Listening on http", PlasmdProcess.Limit);
        string url = listening.Text.Split(' ').First(word => word.StartsWith("http://", StringComparison.Ordinal));
        await provider.WaitForLineAsync("serving 20", PlasmdProcess.Limit);

        CommandRun status = await PlasmdProcess.RunAsync(["provider", "status", "--url", url]);
        CommandRun list = await _scene.OkAsync("provider", "artifacts", "--url", url);
        Assert.Equal((ExitCode.Ok, ""), (status.ExitCode, status.Error));
        Assert.Contains((await _scene.OkAsync("key", "show", "--state-dir", _scene.PathOf("state"))).Output.Split('\n')[1].Split(' ')[^1],
            status.Output, StringComparison.Ordinal);
        Assert.Equal(3, list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        await provider.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await provider.WaitForExitAsync(PlasmdProcess.Limit));
    }

    [Fact]
    public async Task Generate_Interrupted_EndsWith130AndWritesNothing()
    {
        // A sparse file hashes long enough to be interrupted, and takes no disk.
        string artifacts = _scene.Artifacts();
        await using (FileStream sparse = File.Create(Path.Combine(artifacts, "rootfs.sqfs")))
        {
            sparse.SetLength(64L << 30);
        }

        await using var plasmd = ChildProcess.Start("plasmd", "dotnet",
            [PlasmdProcess.AssemblyPath, "manifest", "generate", "-a", artifacts, "-o", _scene.PathOf("m.json")]);
        await plasmd.WaitForLineAsync("Hashing rootfs", PlasmdProcess.Limit);
        await plasmd.SignalAsync("INT");

        Assert.Equal(ExitCode.Interrupted, await plasmd.WaitForExitAsync(PlasmdProcess.Limit));
        Assert.DoesNotContain(Directory.EnumerateFiles(_scene.PathOf(".")), file => file.Contains("m.json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Completion_InBash_CompletesCommandsOptionsAndValues()
    {
        await File.WriteAllTextAsync(_scene.PathOf("plasmd"), $"#!/bin/sh\nexec dotnet '{PlasmdProcess.AssemblyPath}' \"$@\"\n");
        const string Script = """
            set -eu
            chmod +x "$1/plasmd"; PATH=$1:$PATH
            source <(plasmd completion bash)
            complete -p plasmd
            try() {
                COMP_LINE=$1 COMP_POINT=${#1}
                read -ra COMP_WORDS <<<"$1"
                [[ $1 != *' ' ]] || COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _plasmd
                echo "$1: ${COMPREPLY[*]-}"
            }
            try 'plasmd prov'
            try 'plasmd provider '
            try 'plasmd  manifest   ge'
            try 'plasmd serve --arch a'
            try 'plasmd serve --arch arm64 --ch'
            try "$1/plasmd key "
            try 'plasmd serve --artifacts /'
            """;

        CommandRun bash = await PlasmdProcess.RunProgramAsync("bash", ["--norc", "-c", Script, "bash", _scene.PathOf(".")]);

        Assert.Equal((ExitCode.Ok, ""), (bash.ExitCode, bash.Error));
        Assert.Equal(
            [
                "complete -o default -F _plasmd plasmd",
                "plasmd prov: provider",
                "plasmd provider : approve artifacts drain list quarantine release status weight",
                "plasmd  manifest   ge: generate",
                "plasmd serve --arch a: arm64",
                "plasmd serve --arch arm64 --ch: --channel",
                $"{_scene.PathOf(".")}/plasmd key : generate show",
                "plasmd serve --artifacts /: ",
            ],
            bash.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
