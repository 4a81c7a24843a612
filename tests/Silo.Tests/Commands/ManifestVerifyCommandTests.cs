using PhaseMesh.Silo.Commands;

namespace PhaseMesh.Silo.Tests.Commands;

public sealed class ManifestVerifyCommandTests : IAsyncLifetime, IDisposable
{
    private readonly CommandScene _scene = new();
    private string _artifacts = "";
    private string _manifest = "";
    private string _trusted = "";

    public async Task InitializeAsync()
    {
        (string key, _trusted) = await _scene.KeyAsync("release");
        _artifacts = _scene.Artifacts(rootfs: true);
        _manifest = _scene.PathOf("m.json");
        await _scene.OkAsync("manifest", "generate", "-a", _artifacts, "-o", _manifest, "--key", key, "--arch", "x86_64", "--expires",
            "1d");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Verify_GoodManifestAndFiles_SaysWhoSigned()
    {
        CommandRun run = await _scene.OkAsync("manifest", "verify", _manifest, "--trust", _trusted, "--artifacts", _artifacts, "--channel",
            "stable", "--arch", "amd64");

        Assert.Contains("stable/x86_64 release 1: ok", run.Output, StringComparison.Ordinal);
        Assert.Contains("signed by ed25519:", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_TrustByKeyId_IsTheSameAsByFile()
    {
        string keyId = _scene.Manifest("m.json").Signatures[0].KeyId;

        await _scene.OkAsync("manifest", "verify", _manifest, "--trust", keyId);
    }

    [Fact]
    public async Task Verify_WithoutTrust_ChecksTheSignaturesAndSaysThatNobodyWasAskedFor()
    {
        Assert.Contains("give --trust", (await _scene.OkAsync("manifest", "verify", _manifest)).Output, StringComparison.Ordinal);

        await TamperAsync("\"stable\"", "\"edge\"");
        Assert.Contains("is not valid", await _scene.FailsAsync(ExitCode.Refused, "manifest", "verify", _manifest),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_AnotherKey_Tampered_WrongChannel_WrongArch_Expired_AreRefused()
    {
        (string _, string other) = await _scene.KeyAsync("other");
        Assert.Contains("expected 1 of 1 trusted keys", await RefusedAsync("--trust", other), StringComparison.Ordinal);
        Assert.Contains("by 1 of 2 trusted keys, expected 2", await RefusedAsync("--trust", other, "--trust", _trusted, "--threshold", "2"),
            StringComparison.Ordinal);
        Assert.Contains("expected testing", await RefusedAsync("--trust", _trusted, "--channel", "testing"), StringComparison.Ordinal);
        Assert.Contains("expected arm64", await RefusedAsync("--trust", _trusted, "--arch", "arm64"), StringComparison.Ordinal);
        _scene.Clock.Now = _scene.Clock.Now.AddDays(1);
        Assert.Contains("expired at 2027-02-01T12:00:00Z", await RefusedAsync("--trust", _trusted), StringComparison.Ordinal);
        await TamperAsync("\"2027.01.31\"", "\"2027.01.30\"");
        Assert.Contains("not what was signed", await RefusedAsync("--trust", _trusted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_Unsigned_IsRefused()
    {
        await _scene.OkAsync("manifest", "generate", "-a", _artifacts, "-o", _scene.PathOf("unsigned.json"));

        await _scene.FailsAsync(ExitCode.Refused, "manifest", "verify", _scene.PathOf("unsigned.json"));
        await _scene.FailsAsync(ExitCode.Refused, "manifest", "verify", _scene.PathOf("unsigned.json"), "--trust", _trusted);
    }

    [Fact]
    public async Task Verify_OneFlippedByte_NamesTheFileAndTheRange()
    {
        FlipByte(Path.Combine(_artifacts, "vmlinuz"), 2_000_000);

        Assert.Contains("vmlinuz differs from the manifest between byte 1048576 and 2097152",
            await RefusedAsync("--trust", _trusted, "--artifacts", _artifacts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_OtherSize_OrMissingFile_IsRefused()
    {
        await File.AppendAllTextAsync(Path.Combine(_artifacts, "rootfs.sqfs"), "x");
        Assert.Contains("has 70001 bytes, the manifest says 70000", await RefusedAsync("--artifacts", _artifacts),
            StringComparison.Ordinal);
        File.Delete(Path.Combine(_artifacts, "rootfs.sqfs"));
        Assert.Contains("The manifest names a rootfs, there is none", await RefusedAsync("--artifacts", _artifacts),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("\0\0\0")]
    public async Task Verify_WhatIsNoManifest_IsRefused(string content)
    {
        await File.WriteAllTextAsync(_manifest, content);

        Assert.Contains("m.json: ", await RefusedAsync("--trust", _trusted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_TooLargeAFile_IsRefusedAtTheLimit()
    {
        await File.WriteAllBytesAsync(_manifest, new byte[2 << 20]);

        await RefusedAsync("--trust", _trusted);
    }

    [Fact]
    public async Task Verify_BadKeys_AreUsageErrors()
    {
        Assert.Contains("is neither a key nor a file",
            await _scene.FailsAsync(ExitCode.Usage, "manifest", "verify", _manifest, "--trust", "ed25519:abc"), StringComparison.Ordinal);
        Assert.Contains("holds no public key",
            await _scene.FailsAsync(ExitCode.Usage, "manifest", "verify", _manifest, "--trust", _scene.PathOf("release.key")),
                StringComparison.Ordinal);
        Assert.Contains("only 1 different keys",
            await _scene.FailsAsync(ExitCode.Usage, "manifest", "verify", _manifest, "--trust", _trusted, "--trust", _trusted,
                "--threshold", "2"), StringComparison.Ordinal);
    }

    private Task<string> RefusedAsync(params string[] options) =>
        _scene.FailsAsync(ExitCode.Refused, ["manifest", "verify", _manifest, .. options]);

    private async Task TamperAsync(string from, string to)
    {
        string text = await File.ReadAllTextAsync(_manifest);
        Assert.Contains(from, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_manifest, text.Replace(from, to, StringComparison.Ordinal));
    }

    private static void FlipByte(string path, long offset)
    {
        using FileStream file = File.Open(path, FileMode.Open);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 1));
    }
}
