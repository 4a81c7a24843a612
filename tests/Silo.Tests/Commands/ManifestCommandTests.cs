using System.Runtime.Versioning;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands;

namespace PhaseMesh.Silo.Tests.Commands;

[UnsupportedOSPlatform("windows")]
public sealed class ManifestCommandTests : IDisposable
{
    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Generate_AsTheMissionShowsIt_SignsWithTheNodesIdentity()
    {
        CommandRun run = await _scene.OkAsync("manifest", "generate", "--artifacts", _scene.Artifacts(rootfs: true), "--output",
            _scene.PathOf("manifest.json"), "--sign");

        BootManifest manifest = _scene.Manifest("manifest.json");
        CommandRun identity = await _scene.OkAsync("key", "show");
        Assert.Contains(Assert.Single(manifest.Signatures).KeyId, identity.Output, StringComparison.Ordinal);
        Assert.Equal(("stable", MachineArch.OfThisMachine, 1L, "2027.01.31"),
            (manifest.Channel.ToString(), manifest.Arch, manifest.Release, manifest.Version));
        Assert.Equal(["/kernel", "/initramfs", "/rootfs"], manifest.Artifacts.OrderBy(pair => pair.Key).Select(pair => pair.Value.Path));
        Assert.Contains("Made this node's identity in", run.Error, StringComparison.Ordinal);
        Assert.Contains("Hashing kernel (2.9 MiB)", run.Error, StringComparison.Ordinal);
        Assert.Contains(manifest.Artifacts[ArtifactKind.Kernel].Digest.ToString(), run.Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_scene.PathOf("state/plasm/node.key")));
    }

    [Fact]
    public async Task Generate_WithEveryOption_WritesThem()
    {
        string artifacts = _scene.Artifacts();
        (string first, string _) = await _scene.KeyAsync("a");
        (string second, string _) = await _scene.KeyAsync("b");

        await _scene.OkAsync("manifest", "generate", "-a", artifacts, "-o", _scene.PathOf("m.json"), "--channel", "testing", "--arch",
            "aarch64", "--version", "v 7",
            "--release", "41", "--expires", "30d", "--cmdline", "console=ttyS0 quiet", "--chunk-size", "64KiB", "--key", first, "--key",
                second,
            "--initramfs", Path.Combine(artifacts, "initramfs.img"), "--kernel", "vmlinuz");

        BootManifest manifest = _scene.Manifest("m.json");
        Assert.Equal(("testing", MachineArch.Arm64, 41L, "v 7", "console=ttyS0 quiet"),
            (manifest.Channel.ToString(), manifest.Arch, manifest.Release, manifest.Version, manifest.CommandLine));
        Assert.Equal(_scene.Clock.Now.AddDays(30), manifest.Expires);
        Assert.Equal(65536, manifest.Artifacts[ArtifactKind.Kernel].Chunks!.ChunkSizeBytes);
        Assert.Equal(2, manifest.Signatures.Count);
        Assert.False(File.Exists(_scene.PathOf("state/plasm/node.key")));
    }

    [Fact]
    public async Task Generate_Again_CountsTheReleaseUp_ButOnlyWithinItsChannelAndArch()
    {
        string[] generate = ["manifest", "generate", "-a", _scene.Artifacts(), "-o", _scene.PathOf("m.json"), "--arch", "x86_64"];
        await _scene.OkAsync(generate);
        await _scene.OkAsync(generate);
        Assert.Equal(2, _scene.Manifest("m.json").Release);

        string message = await _scene.FailsAsync(ExitCode.Failure, [.. generate, "--channel", "testing"]);
        Assert.Contains("is the manifest of stable/x86_64, not of testing/x86_64; give --release N", message, StringComparison.Ordinal);
        await _scene.OkAsync([.. generate, "--channel", "testing", "--release", "9"]);
        Assert.Equal(9, _scene.Manifest("m.json").Release);

        await File.WriteAllTextAsync(_scene.PathOf("m.json"), "precious notes");
        Assert.Contains("is there already and is no manifest", await _scene.FailsAsync(ExitCode.Failure, generate),
            StringComparison.Ordinal);
        Assert.Equal("precious notes", await File.ReadAllTextAsync(_scene.PathOf("m.json")));
    }

    [Fact]
    public async Task Generate_ToStandardOutput_PrintsTheManifestAlone()
    {
        CommandRun run = await _scene.OkAsync("manifest", "generate", "-a", _scene.Artifacts(), "-o", "-");

        Assert.True(BootManifest.TryParse(System.Text.Encoding.UTF8.GetBytes(run.Output), out _, out _));
        Assert.Contains("unsigned: machines refuse it", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_FindsChannelAndArchDirectories_AsTheProviderDoes()
    {
        string nested = _scene.Artifacts(name: "boot/testing/arm64");
        _scene.Artifacts();

        await _scene.OkAsync("manifest", "generate", "-a", _scene.PathOf("boot"), "-o", _scene.PathOf("m.json"), "--channel", "testing",
            "--arch", "arm64");

        Assert.Equal(
            Sha256Digest.Compute(await File.ReadAllBytesAsync(Path.Combine(nested, "vmlinuz"))),
            _scene.Manifest("m.json").Artifacts[ArtifactKind.Kernel].Digest);
    }

    [Fact]
    public async Task Generate_WhatCannotBe_IsSaidWithTheRemedy_AndLeavesNothingBehind()
    {
        string artifacts = _scene.Artifacts();
        string output = _scene.PathOf("out/m.json");
        string[] generate = ["manifest", "generate", "-a", artifacts, "-o", output];

        Assert.Contains("does not exist; check --artifacts",
            await _scene.FailsAsync(ExitCode.Failure, "manifest", "generate", "-a", _scene.PathOf("none"), "-o", output),
                StringComparison.Ordinal);
        Assert.Contains("There is no rootfs root.img", await _scene.FailsAsync(ExitCode.Failure, [.. generate, "--rootfs", "root.img"]),
            StringComparison.Ordinal);
        Assert.Contains("There is no key file nokey", await _scene.FailsAsync(ExitCode.Failure, [.. generate, "--key", "nokey"]),
            StringComparison.Ordinal);
        await _scene.FailsAsync(ExitCode.Failure, generate); // The directory of the output is not there.
        File.Delete(Path.Combine(artifacts, "initramfs.img"));
        Assert.Contains("There is no initramfs beside", await _scene.FailsAsync(ExitCode.Failure, generate), StringComparison.Ordinal);
        File.Delete(Path.Combine(artifacts, "vmlinuz"));
        Assert.Contains("No kernel found: looked for kernel or vmlinuz in", await _scene.FailsAsync(ExitCode.Failure, generate),
            StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(artifacts));
    }

    [Theory]
    [InlineData("--expires", "yesterday")]
    [InlineData("--expires", "0d")]
    [InlineData("--expires", "2027-01-31T11:59:59Z")]
    [InlineData("--expires", "2028-01-31T12:00:00")]
    [InlineData("--release", "-1")]
    [InlineData("--release", "1.5")]
    [InlineData("--chunk-size", "1000000")]
    [InlineData("--chunk-size", "32KiB")]
    [InlineData("--chunk-size", "128MiB")]
    [InlineData("--chunk-size", "4294967297MiB")]
    [InlineData("--channel", "Stable")]
    [InlineData("--arch", "riscv64")]
    public async Task Generate_BadValue_IsAUsageErrorThatNamesOptionValueAndRule(string option, string value)
    {
        string message = await _scene.FailsAsync(ExitCode.Usage, "manifest", "generate", "-a", "x", "-o", "y", $"{option}={value}");

        Assert.StartsWith($"plasmd: {option} is '{value}': expected ", message, StringComparison.Ordinal);
        Assert.EndsWith("See 'plasmd manifest generate --help'.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("90m", 90)]
    [InlineData("2h", 120)]
    [InlineData("1w", 7 * 24 * 60)]
    [InlineData("2027-01-31T15:00:00+02:00", 60)]
    public async Task Generate_Expires_TakesDurationsAndDateTimes(string text, int minutes)
    {
        await _scene.OkAsync("manifest", "generate", "-a", _scene.Artifacts(), "-o", _scene.PathOf("m.json"), "--expires", text);

        Assert.Equal(_scene.Clock.Now.AddMinutes(minutes), _scene.Manifest("m.json").Expires);
    }

    [Fact]
    public async Task Sign_AddsASignature_InPlaceOrBeside()
    {
        (string first, string firstPublic) = await _scene.KeyAsync("a");
        (string second, string secondPublic) = await _scene.KeyAsync("b");
        string path = _scene.PathOf("m.json");
        await _scene.OkAsync("manifest", "generate", "-a", _scene.Artifacts(), "-o", path, "--key", first);

        await _scene.OkAsync("manifest", "sign", path, "--key", second, "--output", _scene.PathOf("both.json"));
        Assert.Single(_scene.Manifest("m.json").Signatures);
        await _scene.OkAsync("manifest", "verify", _scene.PathOf("both.json"), "--trust", firstPublic, "--trust", secondPublic,
            "--threshold", "2");

        await _scene.OkAsync("manifest", "sign", path); // With the identity.
        Assert.Equal(2, _scene.Manifest("m.json").Signatures.Count);
        Assert.Empty(Directory.EnumerateFiles(_scene.PathOf("."), "*.tmp"));
    }

    [Fact]
    public async Task Sign_WhatIsNoManifest_IsRefusedAndLeftAsItIs()
    {
        await File.WriteAllTextAsync(_scene.PathOf("m.json"), "{}");

        Assert.Contains("m.json: Manifest", await _scene.FailsAsync(ExitCode.Failure, "manifest", "sign", _scene.PathOf("m.json")),
            StringComparison.Ordinal);
        Assert.Equal("{}", await File.ReadAllTextAsync(_scene.PathOf("m.json")));
        Assert.Contains("There is no manifest", await _scene.FailsAsync(ExitCode.Failure, "manifest", "sign", _scene.PathOf("none")),
            StringComparison.Ordinal);
    }
}
