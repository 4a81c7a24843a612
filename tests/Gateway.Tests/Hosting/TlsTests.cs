using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>A real gateway with a certificate.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task Certificate_Given_CurlAndOpensslAgree_AndRenewalCutsNobodyOff()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 48 << 20 });
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = "" };
        using TestCertificates certificates = new(directory.Root);
        string first = certificates.Issue();
        int port = LoopbackPort.Free();
        (ChildProcess process, Uri plain) = await Programs.GatewayAsync(
            directory, release, [new Uri(provider.Url)],
            "--tls-certificate", certificates.CertificatePath, "--tls-key", certificates.KeyPath, "--tls-port", $"{port}");
        await using ChildProcess gateway = process;

        // 1. Others' clients, with the authority and without.
        string output = directory.At("kernel");
        await ChildProcess.RunAsync("curl",
            ["-sS", "--fail", "--cacert", certificates.AuthorityPath, "-o", output, $"https://localhost:{port}/kernel"], Programs.Limit);
        Assert.Equal(release.Manifest.Artifacts[ArtifactKind.Kernel].Digest, Sha256Digest.Compute(await File.ReadAllBytesAsync(output)));
        await using (ChildProcess stranger = ChildProcess.Start("curl", "curl", ["-sS", $"https://localhost:{port}/livez"]))
        {
            Assert.Equal(60, await stranger.WaitForExitAsync(Programs.Limit));
        }

        Assert.Equal(0, await OpensslAsync(port, certificates, "-tls1_2"));
        Assert.Equal(0, await OpensslAsync(port, certificates, "-tls1_3"));
        Assert.NotEqual(0, await OpensslAsync(port, certificates, "-tls1_1"));

        // 2. Renewed in the middle of a download.
        using SslStream tls = await ConnectAsync(port, first);
        await tls.WriteAsync("GET /rootfs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        byte[] buffer = new byte[64 << 10];
        int head = await tls.ReadAsync(buffer);
        string second = certificates.Issue();
        await gateway.WaitForLineAsync("The configuration was taken up", Programs.Limit);
        (await ConnectAsync(port, second)).Dispose();

        string text = System.Text.Encoding.Latin1.GetString(buffer, 0, head);
        int bodyAt = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(buffer.AsSpan(bodyAt, head - bodyAt));
        while (await tls.ReadAsync(buffer) is > 0 and int read)
        {
            hash.AppendData(buffer.AsSpan(0, read));
        }

        Assert.Equal(release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, new Sha256Digest(hash.GetHashAndReset()));

        // 3. A key that is not the certificate's changes nothing.
        await File.WriteAllTextAsync(certificates.KeyPath, "nonsense");
        await gateway.WaitForLineAsync("expected a PEM certificate and its own private key", Programs.Limit);
        (await ConnectAsync(port, second)).Dispose();
        await HttpProbe.WaitForOkAsync(new Uri(plain, "/readyz"), Programs.Limit, gateway);

        // 4. What came by HTTPS is counted apart: two downloads, none of what asks here.
        using HttpClient client = new();
        await Eventually.IsAsync(async () => (await client.GetStringAsync(new Uri(plain, "/metrics")))
            .Contains("\nphase_gateway_https_requests_total 2\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, false, "can't be read")]
    [InlineData(false, true, "can't be read")]
    [InlineData(false, false, "its own private key")]
    public void Certificate_ThatIsNone_IsAProblem(bool hasNoCertificate, bool hasNoKey, string expected)
    {
        using ReleaseDirectory directory = new();
        using TestCertificates certificates = new(directory.Root);
        certificates.Issue();
        string other = directory.At("other.pem");
        File.Move(certificates.KeyPath, other);
        certificates.Issue();

        Assert.False(ServerCertificate.TryLoad(
            hasNoCertificate ? directory.At("none") : certificates.CertificatePath, hasNoKey ? directory.At("none") : other, out _,
            out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.True(ServerCertificate.TryLoad(certificates.CertificatePath, certificates.KeyPath, out _, out _));
    }

    private static async Task<int> OpensslAsync(int port, TestCertificates certificates, string version)
    {
        await using ChildProcess openssl = ChildProcess.Start("openssl", "openssl",
            ["s_client", "-connect", $"127.0.0.1:{port}", "-CAfile", certificates.AuthorityPath, "-verify_return_error", "-brief", version,
                "-cipher", "ALL:@SECLEVEL=0"]);
        openssl.StandardInput.Close();
        return await openssl.WaitForExitAsync(Programs.Limit);
    }

    private static async Task<SslStream> ConnectAsync(int port, string thumbprint)
    {
        TcpClient client = new();
        await client.ConnectAsync("127.0.0.1", port);
        SslStream tls = new(client.GetStream(), leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == thumbprint,
        });
        return tls;
    }
}
