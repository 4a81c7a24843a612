using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>An authority of the test's own, and certificates for localhost in PEM files.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly string _directory;
    private readonly X509Certificate2 _authority;

    public TestCertificates(string directory)
    {
        _directory = directory;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(From, Until);
        File.WriteAllText(AuthorityPath, _authority.ExportCertificatePem());
    }

    public string AuthorityPath => Path.Combine(_directory, "ca.pem");

    public string CertificatePath => Path.Combine(_directory, "cert.pem");

    public string KeyPath => Path.Combine(_directory, "key.pem");

    private static DateTimeOffset From => TimeProvider.System.GetUtcNow().AddDays(-1);

    private static DateTimeOffset Until => TimeProvider.System.GetUtcNow().AddDays(30);

    /// <summary>Writes a new certificate and key; each file is replaced whole.</summary>
    /// <returns>The certificate's thumbprint.</returns>
    public string Issue()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using X509Certificate2 certificate = request.Create(_authority, From, Until.AddDays(-1), RandomNumberGenerator.GetBytes(8));
        Replace(KeyPath, key.ExportPkcs8PrivateKeyPem());
        Replace(CertificatePath, certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    public void Dispose() => _authority.Dispose();

    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }
}
