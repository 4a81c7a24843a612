using System.Diagnostics;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Signing;

/// <summary>Both ways between our keys and the <c>openssl</c> program (Debian package openssl, 3.0 or later).</summary>
public sealed class OpenSslInteropTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task KeyMadeByOpenSsl_SignsWhatOpenSslVerifies()
    {
        await OpenSslAsync("genpkey", "-algorithm", "ed25519", "-out", _directory.File("key.pem"));
        await OpenSslAsync("pkey", "-in", _directory.File("key.pem"), "-pubout", "-out", _directory.File("pub.pem"));
        using Ed25519PrivateKey key = Ed25519PrivateKey.LoadFile(_directory.File("key.pem"));

        string publicPem = await File.ReadAllTextAsync(_directory.File("pub.pem"));
        Assert.Equal(key.PublicKey, Ed25519PublicKey.Parse(publicPem));
        Assert.Equal(publicPem, key.PublicKey.ToPem());
        Assert.Equal(await File.ReadAllTextAsync(_directory.File("key.pem")), key.ToPem());

        await File.WriteAllTextAsync(_directory.File("message"), "signed here");
        await File.WriteAllBytesAsync(_directory.File("sig"), key.Sign("signed here"u8));
        await OpenSslAsync("pkeyutl", "-verify", "-pubin", "-inkey", _directory.File("pub.pem"), "-rawin",
            "-in", _directory.File("message"), "-sigfile", _directory.File("sig"));
    }

    [Fact]
    public async Task KeyMadeHere_IsReadByOpenSslWhoseSignatureWeVerify()
    {
        using Ed25519PrivateKey key = Ed25519PrivateKey.Generate();
        key.SaveFile(_directory.File("key.pem"));
        await File.WriteAllTextAsync(_directory.File("message"), "signed there");
        await OpenSslAsync("pkeyutl", "-sign", "-inkey", _directory.File("key.pem"), "-rawin",
            "-in", _directory.File("message"), "-out", _directory.File("sig"));

        byte[] signature = await File.ReadAllBytesAsync(_directory.File("sig"));
        Assert.True(key.PublicKey.Verify("signed there"u8, signature));
    }

    [Fact]
    public async Task OtherKeysOfOpenSsl_AreRefusedByName()
    {
        await OpenSslAsync("genpkey", "-algorithm", "x25519", "-out", _directory.File("x25519.pem"));
        await OpenSslAsync("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:test", "-out", _directory.File("encrypted.pem"));

        FormatException other = Assert.Throws<FormatException>(() => Ed25519PrivateKey.LoadFile(_directory.File("x25519.pem")));
        Assert.Contains("another algorithm", other.Message, StringComparison.Ordinal);
        Assert.Contains("x25519.pem", other.Message, StringComparison.Ordinal);
        FormatException encrypted = Assert.Throws<FormatException>(() => Ed25519PrivateKey.LoadFile(_directory.File("encrypted.pem")));
        Assert.Contains("decrypt", encrypted.Message, StringComparison.Ordinal);
    }

    private static async Task OpenSslAsync(params string[] arguments)
    {
        ProcessStartInfo start = new("openssl", arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(1));
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {await output} {await errors}");
    }
}
