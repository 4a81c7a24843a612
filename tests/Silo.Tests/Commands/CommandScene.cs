using System.Security.Cryptography;
using PhaseMesh.Manifests;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>Runs plasmd's commands in this process: a directory, an environment and a clock of its own, output kept as text.</summary>
internal sealed class CommandScene : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plasmd-commands-");

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["TERM"] = "xterm-256color" };

    public FixedClock Clock { get; } = new();

    /// <summary>Null: <see cref="Clock"/>, on which real time passes for delays.</summary>
    public TimeProvider? Time { get; set; }

    public Func<IMulticastNetwork> Multicast { get; set; } = () => new InMemoryMulticastNetwork();

    public bool OnTerminal { get; set; }

    /// <summary>What <c>top</c> gets; null: it may not ask.</summary>
    public Func<Silo.Commands.Top.ITopTerminal>? OpenTerminal { get; set; }

    /// <summary>What serve was called with; null when it was not.</summary>
    public ProviderOptions? Served { get; private set; }

    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>A directory with a kernel and an initramfs, and a rootfs if asked for, of random bytes.</summary>
    public string Artifacts(bool rootfs = false, string name = "boot")
    {
        string directory = PathOf(name);
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, "vmlinuz"), RandomNumberGenerator.GetBytes(3_000_000));
        File.WriteAllBytes(Path.Combine(directory, "initramfs.img"), RandomNumberGenerator.GetBytes(100_000));
        if (rootfs)
        {
            File.WriteAllBytes(Path.Combine(directory, "rootfs.sqfs"), RandomNumberGenerator.GetBytes(70_000));
        }

        return directory;
    }

    /// <summary>A new private key file and its public half.</summary>
    public async Task<(string Private, string Public)> KeyAsync(string name)
    {
        string path = PathOf(name + ".key");
        await OkAsync("key", "generate", "--output", path);
        string publicPath = PathOf(name + ".pub");
        await File.WriteAllTextAsync(publicPath, (await OkAsync("key", "show", path, "--public")).Output);
        return (path, publicPath);
    }

    public BootManifest Manifest(string name) => BootManifest.Parse(File.ReadAllBytes(PathOf(name)));

    public async Task<CommandRun> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await PlasmdCommandLine.RunAsync(arguments, new CommandContext
        {
            Output = output,
            Error = error,
            OutputIsTerminal = OnTerminal,
            ErrorIsTerminal = OnTerminal,
            Time = Time ?? Clock,
            Multicast = Multicast,
            OpenTerminal = OpenTerminal ?? (() => throw new InvalidOperationException("There is no terminal.")),
            Host = new HostSurroundings
            {
                Variable = name => Variables.GetValueOrDefault(name) ?? (name == "XDG_STATE_HOME" ? PathOf("state") : null),
                DefaultConfigPath = PathOf("provider.toml"),
                IsPrivileged = false,
            },
            Serve = (options, _) =>
            {
                Served = options;
                return Task.FromResult(0);
            },
        }, CancellationToken.None);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<CommandRun> OkAsync(params string[] arguments)
    {
        CommandRun run = await RunAsync(arguments);
        Assert.True(run.ExitCode == ExitCode.Ok, $"plasmd {string.Join(' ', arguments)} ended with {run.ExitCode}: {run.Error}");
        return run;
    }

    /// <summary>Runs a command that must fail with one line on standard error and nothing on standard output.</summary>
    public async Task<string> FailsAsync(int exitCode, params string[] arguments)
    {
        CommandRun run = await RunAsync(arguments);
        Assert.True(run.ExitCode == exitCode,
            $"plasmd {string.Join(' ', arguments)} ended with {run.ExitCode}, expected {exitCode}: {run.Error}{run.Output}");
        Assert.Empty(run.Output);
        string line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => !line.StartsWith("Hashing ", StringComparison.Ordinal));
        Assert.StartsWith("plasmd: ", line, StringComparison.Ordinal);
        return line;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}

internal sealed record CommandRun(int ExitCode, string Output, string Error);

/// <summary>2027-01-31 12:00 UTC until a test moves it.</summary>
internal sealed class FixedClock : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2027, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}
