using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Commands;

/// <summary>Public keys as the command line gives them: the key itself, or a file that holds it.</summary>
internal static class TrustedKeys
{
    private const int MaxKeyFileBytes = 16 << 10;

    /// <param name="invalidExitCode">How the command ends if it is neither a key nor a file with one.</param>
    public static Ed25519PublicKey Read(string keyOrFile, int invalidExitCode)
    {
        if (Ed25519PublicKey.TryParse(keyOrFile, out Ed25519PublicKey key))
        {
            return key;
        }

        if (!File.Exists(keyOrFile))
        {
            throw new CommandException(invalidExitCode,
                $"'{SingleLine.Of(keyOrFile)}' is neither a key nor a file: expected {Ed25519PublicKey.Expected}, or a file with one.");
        }

        return Ed25519PublicKey.TryParse(ReadText(keyOrFile), out Ed25519PublicKey fromFile)
            ? fromFile
            : throw new CommandException(invalidExitCode, $"{keyOrFile} holds no public key: expected {Ed25519PublicKey.Expected}.");
    }

    /// <summary>As much of a file as a key can take.</summary>
    public static string ReadText(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] content = new byte[MaxKeyFileBytes];
        return System.Text.Encoding.Latin1.GetString(content, 0, file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false));
    }
}
