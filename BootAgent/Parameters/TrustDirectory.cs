using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// Reads the keys pinned in the boot image: every <c>*.pub</c> file holds either one SPKI PEM block or key ids, one a line
/// (<c>#</c> starts a comment). A file that cannot be read whole is an error: a silently missing key is a machine that will not boot,
/// and a half-read one must not be mistaken for another.
/// </summary>
internal static class TrustDirectory
{
    private const int MaxFileBytes = 64 * 1024;
    private const int MaxFiles = 64;

    public static void Read(string directory, List<Ed25519PublicKey> keys, List<string> errors)
    {
        string[] files;
        try
        {
            files = Directory.GetFiles(directory, "*.pub");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{directory}: the directory of trusted keys cannot be read ({error.Message})");
            return;
        }

        if (files.Length > MaxFiles)
        {
            errors.Add($"{directory}: {files.Length} key files; at most {MaxFiles} are read");
            return;
        }

        Array.Sort(files, StringComparer.Ordinal);
        foreach (string file in files)
        {
            try
            {
                if (new FileInfo(file).Length > MaxFileBytes)
                {
                    errors.Add($"{file}: larger than {MaxFileBytes} bytes, which no key file is");
                    continue;
                }

                ReadText(File.ReadAllText(file), file, keys, errors);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                errors.Add($"{file}: the trusted key cannot be read ({error.Message})");
            }
        }
    }

    private static void ReadText(string text, string file, List<Ed25519PublicKey> keys, List<string> errors)
    {
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            if (Ed25519PublicKey.TryParse(text, out Ed25519PublicKey key))
            {
                keys.Add(key);
            }
            else
            {
                errors.Add($"{file}: expected the PEM of one Ed25519 public key (-----BEGIN PUBLIC KEY-----)");
            }

            return;
        }

        foreach (string line in text.Split('\n'))
        {
            string item = line.Split('#')[0].Trim();
            if (item.Length == 0)
            {
                continue;
            }

            if (Ed25519PublicKey.TryParse(item, out Ed25519PublicKey key))
            {
                keys.Add(key);
            }
            else
            {
                errors.Add($"{file}: expected PEM or lines of {ParameterTable.Trust.Expected}, found {ParameterValues.Shown(item)}");
            }
        }
    }
}
