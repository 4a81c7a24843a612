using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.Manifests.Signing;

/// <summary>A private key on disk: mode 0600 from its first byte, complete or absent, never replaced.</summary>
internal static partial class PrivateKeyFile
{
    private const int MaxBytes = 16 << 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>EEXIST, the same on Linux and macOS.</summary>
    private const int FileExists = 17;

    internal static Ed25519PrivateKey Load(string path)
    {
        byte[] content = new byte[MaxBytes + 1];
        char[] pem = new char[content.Length];
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > MaxBytes)
            {
                throw new FormatException($"Expected a key file of at most {MaxBytes} bytes, found a larger one.");
            }

            int characters = Encoding.Latin1.GetChars(content.AsSpan(0, length), pem);
            return Ed25519PrivateKey.FromPem(pem.AsSpan(0, characters));
        }
        catch (FormatException malformed)
        {
            throw new FormatException($"{path}: {malformed.Message}", malformed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            Array.Clear(pem);
        }
    }

    internal static void Save(string path, Ed25519PrivateKey key)
    {
        string temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        char[] pem = key.ToPemCharacters();
        byte[] content = Encoding.ASCII.GetBytes(pem);
        try
        {
            WriteDurably(temporary, content);
            Publish(temporary, path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            Array.Clear(pem);
            File.Delete(temporary);
        }
    }

    private static void WriteDurably(string path, byte[] content)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using FileStream file = new(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>
    /// A hard link fails when the name is taken, so two processes can't both win; File.Move looks first and renames afterwards. The
    /// latter is left for file systems without hard links.
    /// </summary>
    private static void Publish(string temporary, string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            if (link(temporary, path) == 0)
            {
                return;
            }

            if (Marshal.GetLastPInvokeError() == FileExists)
            {
                throw new IOException($"{path} exists already; a private key is never overwritten. Move it away first.");
            }
        }

        File.Move(temporary, path, overwrite: false);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string existing, string path);
}
