using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Configuration;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Commands;

/// <summary>The private keys a command signs with; disposing zeroes them.</summary>
internal sealed class SigningKeys : IDisposable
{
    private readonly List<Ed25519PrivateKey> _keys = [];

    private SigningKeys()
    {
    }

    public IReadOnlyList<Ed25519PrivateKey> Keys => _keys;

    public static SigningKeys None { get; } = new();

    /// <param name="paths">Key files; with none, the identity of this node signs, and is made if there is none yet.</param>
    public static SigningKeys Load(IReadOnlyList<string> paths, string? stateDirectory, CommandContext context)
    {
        var loaded = new SigningKeys();
        try
        {
            foreach (string path in paths)
            {
                loaded._keys.Add(LoadFile(path));
            }

            if (paths.Count == 0)
            {
                loaded._keys.Add(LoadIdentity(StateDirectory(stateDirectory, context), context));
            }

            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>A flag beats PLASM_STATE_DIR beats the configuration file beats the default.</summary>
    public static string StateDirectory(string? flag, CommandContext context)
    {
        ProviderConfiguration configuration = ProviderConfiguration.Load(new ProviderFlags { StateDirectory = flag }, context.Host);
        return configuration.Problems is [var problem, ..] && flag is null
            ? throw new CommandException(ExitCode.Configuration, $"{problem} Correct it, or give --state-dir.")
            : configuration.StateDirectory;
    }

    public void Dispose() => _keys.ForEach(key => key.Dispose());

    private static Ed25519PrivateKey LoadFile(string path)
    {
        try
        {
            return Ed25519PrivateKey.LoadFile(path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.Failure,
                $"There is no key file {path}; make one with 'plasmd key generate --output {path}'.");
        }
    }

    private static Ed25519PrivateKey LoadIdentity(string stateDirectory, CommandContext context)
    {
        bool isNew = !File.Exists(Path.Combine(stateDirectory, NodeIdentity.FileName));
        Ed25519PrivateKey identity = NodeIdentity.LoadOrCreate(stateDirectory);
        if (isNew)
        {
            context.Error.WriteLine($"Made this node's identity in {stateDirectory}: {identity.PublicKey}");
        }

        return identity;
    }
}
