using System.Text;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Booting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Tests.Catalog;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Serving;

public sealed class BootScriptTests
{
    [Fact]
    public async Task BootIpxe_SaysWhatTheAgentWouldDoAndItsUrlsAnswer()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync(scene => scene.Write("manifest.json", SignedRelease.For(scene, 7).RawBytes.ToArray()));
        string host = $"127.0.0.1:{scene.Host.BoundPort}";
        BootManifest manifest = scene.Serving.Manifest;
        string kernel = $"http://{host}/stable/x86_64/kernel?digest={manifest.Artifacts[ArtifactKind.Kernel].Digest}";
        string initramfs = $"http://{host}/stable/x86_64/initramfs?digest={manifest.Artifacts[ArtifactKind.Initramfs].Digest}";
        string rootfs = $"http://{host}/stable/x86_64/rootfs?digest={manifest.Artifacts[ArtifactKind.Rootfs].Digest}";
        string script = await scene.Client.GetStringAsync("/boot.ipxe");
        Assert.Equal(
            $"""
            #!ipxe
            # PhaseMesh stable/x86_64 v7, manifest {manifest.Digest}
            kernel --name kernel {kernel} initrd=initramfs console=ttyS0 quiet phase.channel=stable phase.arch=x86_64 phase.provider=http://{host}
            initrd --name initramfs {initramfs}
            initrd --name phase-directory http://{host}/stable/x86_64/phase.cpio
            initrd --name phase-manifest http://{host}/stable/x86_64/manifest.json?digest={manifest.Digest} /phase/manifest.json mode=0444
            initrd --name phase-kernel {kernel} /phase/kernel mode=0444
            initrd --name phase-initramfs {initramfs} /phase/initramfs mode=0444
            initrd --name phase-rootfs {rootfs} /phase/rootfs mode=0444
            boot kernel

            """,
            script);
        Assert.Equal(script, await scene.Client.GetStringAsync("/stable/amd64/boot.ipxe"));
        foreach (string url in script.Split([' ', '\n']).Where(word => word.StartsWith("http://", StringComparison.Ordinal)))
        {
            Assert.Equal(200, (int)(await scene.Client.GetAsync(url)).StatusCode);
        }
    }

    [Theory]
    [InlineData("quiet || shell")]
    [InlineData("quiet && reboot")]
    [InlineData("a ; b")]
    [InlineData("quiet #comment")]
    [InlineData("console=${net0/ip}")]
    public void CommandLineThatIpxeWouldTakeForItsOwn_IsRefused(string commandLine)
    {
        Assert.Null(BootScript.Write(Manifest(commandLine), "http", "host:80", out string? problem));
        Assert.Contains("iPXE would take for its own", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  a=1 b;c d&&e f||g h#i $j {k}  ")]
    public void CommandLine_IsCarriedAsItIs(string? commandLine)
    {
        string script = BootScript.Write(Manifest(commandLine), "http", "host:80", out _)!;
        string line = script.Split('\n').Single(line => line.StartsWith("kernel ", StringComparison.Ordinal));
        string carried = string.IsNullOrEmpty(commandLine) ? "" : commandLine.Trim() + " ";
        Assert.EndsWith($" initrd=initramfs {carried}phase.channel=stable phase.arch=arm64 phase.provider=http://host:80", line, StringComparison.Ordinal);
        Assert.DoesNotContain("rootfs", script, StringComparison.Ordinal);
    }

    [Fact]
    public void CommandLineTooLong_IsRefused()
    {
        Assert.Null(BootScript.Write(Manifest(new string('a', 2000)), "http", "host:80", out string? problem));
        Assert.Contains("2047", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.example:8080", true)]
    [InlineData("[2001:db8::1]:8080", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("${evil}", false)]
    [InlineData("a\nshell", false)]
    [InlineData("a/../b", false)]
    public void IsSafeHost_TakesOnlyWhatCannotBreakTheScript(string host, bool isSafe) => Assert.Equal(isSafe, BootScript.IsSafeHost(host));

    [Fact]
    public async Task DirectoryArchive_IsACpioOfOneDirectory()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("phasemesh-cpio-");
        try
        {
            string archive = Path.Combine(directory.FullName, "phase.cpio");
            await File.WriteAllBytesAsync(archive, BootScript.DirectoryArchive.ToArray());
            IReadOnlyList<OutputLine> listing = await ChildProcess.RunAsync("busybox", ["cpio", "-tv", "-F", archive], ServingScene.Limit);
            Assert.Single(listing, line => line.Text.StartsWith("drwxr-xr-x", StringComparison.Ordinal) && line.Text.EndsWith(" phase", StringComparison.Ordinal));
            Assert.Equal(0, BootScript.DirectoryArchive.Length % 4);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task HostThatCouldBreakTheScript_IsRefusedAndNoHostMeansTheAddressReached()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync();
        using RawExchange old = new(await scene.ConnectAsync());
        await old.SendAsync("GET /boot.ipxe HTTP/1.0\r\n\r\n");
        Assert.Contains($"http://127.0.0.1:{scene.Host.BoundPort}/stable", Encoding.ASCII.GetString(await old.ReadToEndAsync()), StringComparison.Ordinal);
        using RawExchange bad = new(await scene.ConnectAsync());
        await bad.SendAsync("GET /boot.ipxe HTTP/1.1\r\nHost: ${evil}\r\n\r\n");
        Assert.Equal("HTTP/1.1 400 Bad Request", (await bad.ReadHeadersAsync())[0]);
    }

    private static BootManifest Manifest(string? commandLine) => new ManifestDraft
    {
        Version = "1",
        Channel = ReleaseChannelName.Parse("stable"),
        Arch = MachineArch.Arm64,
        CommandLine = commandLine,
        Artifacts =
        [
            new ManifestArtifact(ArtifactKind.Kernel, Sha256Digest.Compute("k"u8), 1, "/kernel"),
            new ManifestArtifact(ArtifactKind.Initramfs, Sha256Digest.Compute("i"u8), 1, "/initramfs"),
        ],
    }.Build([]);
}
