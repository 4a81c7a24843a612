using System.Runtime.Versioning;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands;

namespace PhaseMesh.Silo.Tests.Commands;

[UnsupportedOSPlatform("windows")]
public sealed class KeyCommandTests : IDisposable
{
    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Generate_WritesAKeyForItsOwnerOnly_AndNeverOverwrites()
    {
        string path = _scene.PathOf("a.key");
        CommandRun run = await _scene.OkAsync("key", "generate", "--output", path);

        using var key = Ed25519PrivateKey.LoadFile(path);
        Assert.Contains(key.PublicKey.KeyId, run.Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Contains("never overwritten", await _scene.FailsAsync(ExitCode.Failure, "key", "generate", "--output", path),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_PrivateOrPublicFile_ShowsTheSamePublicKeyInAllForms()
    {
        (string secret, string open) = await _scene.KeyAsync("a");
        CommandRun ofPrivate = await _scene.OkAsync("key", "show", secret);
        CommandRun ofPublic = await _scene.OkAsync("key", "show", open);

        using var key = Ed25519PrivateKey.LoadFile(secret);
        Assert.Contains($"key id:      {key.PublicKey.KeyId}", ofPrivate.Output, StringComparison.Ordinal);
        Assert.Contains($"phase.trust={key.PublicKey.KeyId}", ofPrivate.Output, StringComparison.Ordinal);
        Assert.EndsWith(key.PublicKey.ToPem(), ofPrivate.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", ofPrivate.Output, StringComparison.Ordinal);
        Assert.Equal(ofPrivate.Output[ofPrivate.Output.IndexOf('\n', StringComparison.Ordinal)..],
            ofPublic.Output[ofPublic.Output.IndexOf('\n', StringComparison.Ordinal)..]);
        Assert.Equal(key.PublicKey.ToPem(), await File.ReadAllTextAsync(open));
    }

    [Fact]
    public async Task Show_WithoutFile_IsTheIdentity_FromTheStateDirectory()
    {
        Assert.Contains("has no identity yet", await _scene.FailsAsync(ExitCode.Failure, "key", "show"), StringComparison.Ordinal);
        await _scene.OkAsync("manifest", "generate", "-a", _scene.Artifacts(), "-o", _scene.PathOf("m.json"), "--sign", "--state-dir",
            _scene.PathOf("other"));
        string shown = (await _scene.OkAsync("key", "show", "--state-dir", _scene.PathOf("other"))).Output;
        Assert.Contains(_scene.Manifest("m.json").Signatures[0].KeyId, shown, StringComparison.Ordinal);

        _scene.Variables["PLASM_STATE_DIR"] = _scene.PathOf("other");
        Assert.Equal(shown, (await _scene.OkAsync("key", "show")).Output);
    }

    [Fact]
    public async Task Show_StateDirectoryFromABrokenConfiguration_IsNotGuessed()
    {
        await File.WriteAllTextAsync(_scene.PathOf("provider.toml"), "[provider]\nstate_dir = 1");

        Assert.Contains("provider.toml:2:13:", await _scene.FailsAsync(ExitCode.Configuration, "key", "show"), StringComparison.Ordinal);
        Assert.Contains("has no identity yet", await _scene.FailsAsync(ExitCode.Failure, "key", "show", "--state-dir", _scene.PathOf("s")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_WhatIsNoKey_SaysWhatWasExpected_WithoutQuotingIt()
    {
        await File.WriteAllTextAsync(_scene.PathOf("x"), "secret words");

        string message = await _scene.FailsAsync(ExitCode.Failure, "key", "show", _scene.PathOf("x"));

        Assert.Contains("Expected an Ed25519 private key", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret words", message, StringComparison.Ordinal);
        Assert.Contains("There is no key file", await _scene.FailsAsync(ExitCode.Failure, "key", "show", _scene.PathOf("none")),
            StringComparison.Ordinal);
    }
}
