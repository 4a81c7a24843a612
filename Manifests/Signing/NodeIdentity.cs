namespace PhaseMesh.Manifests.Signing;

/// <summary>The key this node signs with, in <c>STATE/node.key</c>: made on first start, mode 0600, never replaced.</summary>
public static class NodeIdentity
{
    public const string FileName = "node.key";

    /// <exception cref="IOException">The state directory can be neither read nor made.</exception>
    /// <exception cref="FormatException">The file is no Ed25519 key; it is left as it is.</exception>
    public static Ed25519PrivateKey LoadOrCreate(string stateDirectory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(stateDirectory);
        }
        else
        {
            Directory.CreateDirectory(stateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        string path = Path.Combine(stateDirectory, FileName);
        if (!File.Exists(path))
        {
            using Ed25519PrivateKey made = Ed25519PrivateKey.Generate();
            try
            {
                made.SaveFile(path);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another process won the race for the first start; its key is the node's.
            }
        }

        return Ed25519PrivateKey.LoadFile(path);
    }
}
