using System.Text;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Kexec;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.BootAgent.Tests.Kexec;

public class KexecTests
{
    private static readonly KernelPolicy Open = new(false, null, false);

    public static TheoryData<int, string> Errnos { get; } = new()
    {
        { 1, "CAP_SYS_BOOT" },
        { 5, "test the machine's memory" },
        { 8, "bzImage" },
        { 12, "use a machine with more memory" },
        { 13, "IMA" },
        { 16, "kexec -u" },
        { 22, "COMMAND_LINE_SIZE" },
        { 26, "defect of the agent" },
        { 27, "make the rootfs smaller" },
        { 38, "add kexec-tools to the boot image" },
        { 61, "has no signature" },
        { 65, "SHA-256 and RSA" },
        { 74, "signature is not valid" },
        { 99, "no gap in physical memory" },
        { 126, "enrol the certificate" },
        { 127, "has expired" },
        { 129, "signature is not valid" },
        { 7777, "errno 7777" },
    };

    [Theory]
    [MemberData(nameof(Errnos))]
    public void Describe_EachErrno_SaysWhatToDo(int errno, string expected) =>
        Assert.Contains(expected, KexecErrors.Describe(errno, Open), StringComparison.Ordinal);

    [Fact]
    public void Describe_NotPermitted_NamesThePolicyInForce()
    {
        Assert.StartsWith("kexec_load_disabled=1: ", KexecErrors.Describe(1, new KernelPolicy(true, "integrity", true)),
            StringComparison.Ordinal);
        string lockdown = KexecErrors.Describe(1, new KernelPolicy(false, "integrity", true));
        Assert.Contains("locked down (integrity)", lockdown, StringComparison.Ordinal);
        Assert.Contains("switch Secure Boot off", lockdown, StringComparison.Ordinal);
        Assert.DoesNotContain("Secure Boot", KexecErrors.Describe(1, new KernelPolicy(false, "confidentiality", false)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0\n", "[none] integrity confidentiality\n", false, null)]
    [InlineData("1\n", "none [integrity] confidentiality\n", true, "integrity")]
    [InlineData(null, "none integrity [confidentiality]\n", false, "confidentiality")]
    [InlineData(null, null, false, null)]
    public void Read_PolicyFiles_SaysWhatTheyHold(string? disabled, string? lockdown, bool isDisabled, string? mode)
    {
        string root = Directory.CreateTempSubdirectory("phase-policy-").FullName;
        try
        {
            Write(root, "proc/sys/kernel/kexec_load_disabled", disabled);
            Write(root, "sys/kernel/security/lockdown", lockdown);
            string variable = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
            Write(root, variable, isDisabled ? "\u0006\0\0\0\u0001" : null);

            Assert.Equal(new KernelPolicy(isDisabled, mode, isDisabled), KernelPolicy.Read(root));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task RunAsync_InAMachine_KexecsSealedImagesWithEverythingOnBoard()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        agent.Options = agent.Options with { OutputDirectory = null };
        List<int> seals = [];
        agent.Kexec.OnLoad = file =>
        {
            seals.Add(MemoryFile.SealsOf(file));
            Assert.Throws<UnauthorizedAccessException>(() => RandomAccess.Write(file, [1], 0));
        };

        AgentExitCode code = await agent.RunAsync();

        Assert.True(code == AgentExitCode.Ok, agent.Text);
        Assert.All(seals, seal => Assert.Equal(MemoryFile.AllSeals, seal & MemoryFile.AllSeals));
        Assert.Equal(2, seals.Count);
        Assert.True(agent.Kexec.Executed);
        Assert.Contains("\nAttempting kexec...\n", agent.Text, StringComparison.Ordinal);
        Assert.True(agent.Kexec.Kernel.AsSpan().SequenceEqual(release.Contents[ArtifactKind.Kernel].ToArray()));
        byte[] initramfs = release.Contents[ArtifactKind.Initramfs].ToArray();
        Assert.True(agent.Kexec.Initrd.AsSpan(0, initramfs.Length).SequenceEqual(initramfs));
        await AssertCarriesAsync(release, agent.Kexec.Initrd!, (initramfs.Length + 3) & ~3);
        Assert.Equal(
            $"console=ttyS0 quiet phase.boot_id={agent.Options.BootId} phase.channel=stable phase.arch=x86_64 "
            + $"phase.mode=internet phase.provider={provider.Url}",
            agent.Kexec.CommandLine);
    }

    [Fact]
    public void Build_MoreBootstrapNodesThanFit_TakesTheFirstOnes()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { CommandLine = new string('x', 1500) });
        using AgentHarness agent = new(release);
        string[] peers = [.. Enumerable.Range(1, 20).Select(each =>
            $"/ip4/192.0.2.{each}/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN")];

        string line = TargetCommandLine.Build(release.Manifest, agent.Options with { Bootstrap = [.. peers.Select(Multiaddr.Parse)] }, []);

        string[] passed = line[(line.IndexOf("phase.bootstrap=", StringComparison.Ordinal) + "phase.bootstrap=".Length)..].Split(',');
        Assert.Equal(peers.Take(passed.Length), passed);
        Assert.InRange(line.Length, TargetCommandLine.MaxBytes - 100, TargetCommandLine.MaxBytes - 1);
    }

    [Fact]
    public async Task RunAsync_ReachedElsewhere_TheNextKernelIsToldWhere()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        agent.Options = agent.Options with { OutputDirectory = null, Announced = [Root("http://203.0.113.7:81"), Root("https://n7.test")] };

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.EndsWith($" phase.provider={provider.Url} phase.announce=http://203.0.113.7:81,https://n7.test", agent.Kexec.CommandLine,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_SignedCommandLineLeavesNoRoomForAnnouncedUrls_BootsWithoutAndWarns()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { CommandLine = new string('x', 1700) });
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        string name = string.Join('.', "abc".Select(letter => new string(letter, 60)));
        agent.Options = agent.Options with { OutputDirectory = null, Announced = [Root($"http://{name}")] };

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.DoesNotContain("phase.announce", agent.Kexec.CommandLine, StringComparison.Ordinal);
        Assert.Contains("phase.announce does not fit", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_KexecSwitchedOff_FailsWithTheRemedy()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        agent.Options = agent.Options with { OutputDirectory = null };
        agent.Kexec.LoadErrno = KexecErrors.BadExecutable;

        Assert.Equal(AgentExitCode.KexecRefused, await agent.RunAsync());

        Assert.Contains("phase: FAILED: kexec: the fetched kernel is not an image", agent.Text, StringComparison.Ordinal);
        Assert.False(agent.Kexec.Executed);
    }

    [Fact]
    public async Task RunAsync_NoSystemCall_UsesTheToolOrSaysToAddIt()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        agent.Options = agent.Options with { OutputDirectory = null };
        agent.Kexec.LoadErrno = KexecErrors.NoSystemCall;

        Assert.Equal(AgentExitCode.Ok, await agent.RunAsync());
        Assert.True(agent.Kexec is { UsedTool: true, Executed: true });

        agent.Kexec.ToolResult = new KexecToolResult(true, 255, "Cannot load");
        Assert.Equal(AgentExitCode.KexecRefused, await agent.RunAsync());
        Assert.Contains("kexec -l ended with exit code 255: Cannot load", agent.Text, StringComparison.Ordinal);

        agent.Kexec.ToolResult = new KexecToolResult(false, 0, string.Empty);
        Assert.Equal(AgentExitCode.KexecRefused, await agent.RunAsync());
        Assert.Contains("add kexec-tools to the boot image", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_TooLongACommandLine_SaysHowLong()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { CommandLine = new string('x', 1990) });
        using AgentHarness agent = new(release);

        BootFailedException failure = Assert.Throws<BootFailedException>(
            () => TargetCommandLine.Build(release.Manifest, agent.Options, [Candidate("http://a:8080")]));

        Assert.Contains("2048 is the most a kernel takes: 1990 are signed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_NoSignedCommandLine_HasOnlyWhatThisBootAdds()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { CommandLine = null });
        using AgentHarness agent = new(release);

        Assert.StartsWith("phase.boot_id=",
            TargetCommandLine.Build(release.Manifest, agent.Options, [Candidate("http://[fe80::1]:8080")]), StringComparison.Ordinal);
    }

    private static RootUrl Root(string text)
    {
        Assert.True(RootUrl.TryParse(text, out RootUrl? url));
        return url;
    }

    private static ProviderCandidate Candidate(string text)
    {
        Assert.True(ProviderUrl.TryParse(text, out ProviderUrl? url));
        return new ProviderCandidate(url, "the test");
    }

    /// <summary>Debian's cpio reads what the kernel will: names, modes and bytes.</summary>
    private static async Task AssertCarriesAsync(TestRelease release, byte[] initrd, int offset)
    {
        string folder = Directory.CreateTempSubdirectory("phase-cpio-").FullName;
        try
        {
            string archive = Path.Combine(folder, "carried.cpio");
            await File.WriteAllBytesAsync(archive, initrd[offset..]);
            IReadOnlyList<OutputLine> listed = await ChildProcess.RunAsync("sh",
                ["-c", "cpio -tv --quiet -F carried.cpio && cpio -i --quiet -F carried.cpio"],
                TimeSpan.FromSeconds(60), start => start.WorkingDirectory = folder);
            string listing = string.Join('\n', listed.Select(line => line.Text));
            Assert.Matches("drwxr-xr-x +2 .* phase\n", listing);
            Assert.Matches("-r--r--r-- +1 .* phase/manifest.json\n", listing);
            byte[] manifest = await File.ReadAllBytesAsync(Path.Combine(folder, "phase/manifest.json"));
            Assert.True(manifest.AsSpan().SequenceEqual(release.Manifest.RawBytes.Span));
            foreach ((ArtifactKind kind, ArtifactContent content) in release.Contents)
            {
                Assert.Matches($"-r--r--r-- +1 .* phase/{kind.Name()}(\n|$)", listing);
                Assert.True(File.ReadAllBytes(Path.Combine(folder, "phase", kind.Name())).AsSpan().SequenceEqual(content.ToArray()));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string root, string path, string? content)
    {
        if (content is not null)
        {
            string file = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, content, Encoding.Latin1);
        }
    }
}
