using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>A certificate with its key and the intermediate ones that go with it, read of PEM files and ready to be shown to clients.</summary>
internal sealed class ServerCertificate
{
    private const int MaxFileBytes = 1 << 20;

    private ServerCertificate(SslStreamCertificateContext context) => Context = context;

    public SslStreamCertificateContext Context { get; }

    /// <param name="certificatePath">The server's certificate first, then the intermediate ones.</param>
    /// <param name="keyPath">Its private key, not encrypted.</param>
    /// <param name="problem">One line.</param>
    public static bool TryLoad(
        string certificatePath, string keyPath, [NotNullWhen(true)] out ServerCertificate? certificate,
        [NotNullWhen(false)] out string? problem)
    {
        certificate = null;
        if (!TryRead(certificatePath, out string? chain, out problem) || !TryRead(keyPath, out string? key, out problem))
        {
            return false;
        }

        X509Certificate2Collection all = [];
        try
        {
            all.ImportFromPem(chain);
            X509Certificate2 leaf = X509Certificate2.CreateFromPem(chain, key);
            foreach (X509Certificate2 same in all.Where(each => each.Thumbprint == leaf.Thumbprint).ToArray())
            {
                all.Remove(same);
            }

            certificate = new ServerCertificate(SslStreamCertificateContext.Create(leaf, all, offline: true));
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            problem = $"{certificatePath} and {keyPath}: expected a PEM certificate and its own private key, not encrypted: {e.Message}";
            return false;
        }
    }

    private static bool TryRead(string path, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out string? problem)
    {
        (text, problem) = (null, null);
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] content = new byte[MaxFileBytes + 1];
            int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > MaxFileBytes)
            {
                problem = $"{path}: expected a PEM file of at most {MaxFileBytes} bytes, found a larger one.";
                return false;
            }

            text = System.Text.Encoding.Latin1.GetString(content, 0, length);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"{path} can't be read: {e.Message}";
            return false;
        }
    }
}
