using System.Text;
using Microsoft.Win32.SafeHandles;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Kexec;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>Runs the whole agent in this process, into a directory of its own or into a kexec that only records.</summary>
internal sealed class AgentHarness : IDisposable
{
    /// <summary>
    /// As the defaults, but in seconds, so that a refusal can be waited for; good providers have time even on a busy machine.
    /// </summary>
    public static FetchLimits ShortLimits { get; } = new()
    {
        ManifestTimeLimit = TimeSpan.FromSeconds(30),
        ManifestGrace = TimeSpan.FromSeconds(10),
        StallWindow = TimeSpan.FromSeconds(2),
        NoProgressLimit = TimeSpan.FromSeconds(5),
        MaxFruitlessAttempts = 4,
        FirstPause = TimeSpan.FromMilliseconds(20),
        LongestPause = TimeSpan.FromMilliseconds(200),
        TakeoverInterval = TimeSpan.FromMilliseconds(50),
    };

    /// <summary>No test may hang: far above every limit of <see cref="ShortLimits"/>, even on a busy machine.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>For a fleet that answers: however busy the machine is, it is waited for.</summary>
    public static FleetLimits PatientWithFleet { get; } = new()
    {
        BootDelay = Hang,
        AssignmentWait = Hang,
        FailureFlush = Hang,
        FirstRequest = Hang,
        LongestRequest = Hang,
        FirstPause = TimeSpan.FromMilliseconds(10),
        LongestPause = TimeSpan.FromMilliseconds(20),
    };

    private readonly StringWriter _text = new();

    /// <summary>Called with each piece the agent prints, before the agent goes on.</summary>
    public Action<string>? OnText { get; set; }

    public AgentHarness(TestRelease release, params IEnumerable<string> providers)
    {
        Release = release;
        Folder = Directory.CreateTempSubdirectory("phase-agent-test-").FullName;
        Options = new AgentOptions
        {
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.X64,
            TrustedKeys = [release.Key.PublicKey],
            BootId = "00112233445566778899aabbccddeeff",
            OutputDirectory = Path.Combine(Folder, "out"),
            NotBefore = DateTimeOffset.UnixEpoch,
        };
        foreach (string provider in providers)
        {
            Assert.True(ProviderUrl.TryParse(provider, out ProviderUrl? url));
            Providers.Add(new ProviderCandidate(url, "the test"));
        }
    }

    public TestRelease Release { get; }

    public string Folder { get; }

    public string Output => Path.Combine(Folder, "out");

    public AgentOptions Options { get; set; }

    public FetchLimits Limits { get; set; } = ShortLimits;

    public ProviderList Providers { get; } = new();

    /// <summary>Null: the agent does not look for providers.</summary>
    public TestLan? Lan { get; set; }

    /// <summary>What finds providers besides mDNS; disposed with the run.</summary>
    public List<IProviderSource> Sources { get; } = [];

    /// <summary>How the agent dials in the DHT; null: it does so only with bootstrap nodes, and by TCP.</summary>
    public ITransport? DhtTransport { get; set; }

    public DiscoveryLimits DiscoveryLimits { get; set; } = new() { SearchLimit = Hang, SearchLimitAfterRefusals = Hang };

    public FleetLimits FleetLimits { get; set; } = new();

    /// <summary>Null: over the network.</summary>
    public HttpMessageHandler? FleetHandler { get; set; }

    public RecordingKexec Kexec { get; } = new();

    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Everything the agent printed.</summary>
    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public async Task<AgentExitCode> RunAsync(CancellationToken cancellationToken = default)
    {
        BootConsole console = new(new ObservedWriter(this), Time, isTerminal: false, debug: true);
        await using MdnsDiscovery? mdns = Lan is null ? null : MdnsDiscovery.Start(Options, console, Lan.AgentNetwork());
        await using DhtDiscovery? dht = Options.UsesDht ? await DhtDiscovery.StartAsync(Options, console, DhtTransport) : null;
        Libp2pFetchHandler? overLibp2p = dht is null ? null : new Libp2pFetchHandler(dht.Host, Limits, Time);
        await using HttpTransport transport = new(Limits, Lan is null ? null : Lan.ConnectAsync, overLibp2p);
        IProviderSource?[] sources = [mdns, .. Sources, dht];
        ProviderTurns turns = new(Providers, [.. sources.OfType<IProviderSource>()], DiscoveryLimits, console);
        await using BootReporter report = BootReporter.Start(Options, FleetLimits, console, FleetHandler);
        BootRun run = new(Options, Limits, DiscoveryLimits, transport, Kexec, turns, console, report);
        return await run.RunAsync(cancellationToken).WaitAsync(Hang, CancellationToken.None);
    }

    /// <summary>Runs and expects success: files byte for byte as released.</summary>
    public async Task ExpectSuccessAsync()
    {
        AgentExitCode code = await RunAsync();
        Assert.True(code == AgentExitCode.Ok, $"Exit code {code}:\n{Text}");
        AssertOutputIsRelease();
    }

    /// <summary>Runs and expects a refusal that leaves nothing behind.</summary>
    public async Task ExpectFailureAsync(AgentExitCode expected)
    {
        AgentExitCode code = await RunAsync();
        Assert.True(code == expected, $"Exit code {code}, expected {expected}:\n{Text}");
        Assert.Contains("phase: FAILED: ", Text, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(Output) ? Directory.GetFileSystemEntries(Output) : []);
    }

    public void AssertOutputIsRelease()
    {
        List<string> expected = ["cmdline", "manifest.json"];
        foreach ((ArtifactKind kind, ArtifactContent content) in Release.Contents)
        {
            expected.Add(kind.Name());
            Assert.True(File.ReadAllBytes(Path.Combine(Output, kind.Name())).AsSpan().SequenceEqual(content.ToArray()),
                $"{kind.Name()} differs:\n{Text}");
        }

        Assert.True(File.ReadAllBytes(Path.Combine(Output, "manifest.json")).AsSpan().SequenceEqual(Release.Manifest.RawBytes.Span));
        Assert.Equal(expected.Order(), Directory.GetFileSystemEntries(Output).Select(Path.GetFileName).Order());
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        _text.Dispose();
    }

    private sealed class ObservedWriter(AgentHarness owner) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            lock (owner._text)
            {
                owner._text.Write(value);
            }

            owner.OnText?.Invoke(value ?? string.Empty);
        }
    }
}

/// <summary>Keeps what would have been booted.</summary>
internal sealed class RecordingKexec : IKexec
{
    public int LoadErrno { get; set; }

    public int ExecuteErrno { get; set; }

    public KexecToolResult ToolResult { get; set; } = new(true, 0, string.Empty);

    public byte[]? Kernel { get; private set; }

    public byte[]? Initrd { get; private set; }

    public string? CommandLine { get; private set; }

    public bool UsedTool { get; private set; }

    public bool Executed { get; private set; }

    public Action<SafeFileHandle>? OnLoad { get; set; }

    public int LoadFile(SafeFileHandle kernel, SafeFileHandle initrd, string commandLine)
    {
        OnLoad?.Invoke(kernel);
        OnLoad?.Invoke(initrd);
        (Kernel, Initrd, CommandLine) = (ReadAll(kernel), ReadAll(initrd), commandLine);
        return LoadErrno;
    }

    public KexecToolResult LoadByTool(SafeFileHandle kernel, SafeFileHandle initrd, string commandLine)
    {
        UsedTool = true;
        return ToolResult;
    }

    public int Execute()
    {
        Executed = true;
        return ExecuteErrno;
    }

    private static byte[] ReadAll(SafeFileHandle file)
    {
        byte[] bytes = new byte[RandomAccess.GetLength(file)];
        Assert.Equal(bytes.Length, RandomAccess.Read(file, bytes, 0));
        return bytes;
    }
}
