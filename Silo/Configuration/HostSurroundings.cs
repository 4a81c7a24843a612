namespace PhaseMesh.Silo.Configuration;

/// <summary>What the configuration takes from the machine it runs on; tests give their own.</summary>
internal sealed record HostSurroundings
{
    private const string SystemStateDirectory = "/var/lib/plasm";

    /// <summary>Reads an environment variable; null when it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    public string DefaultConfigPath { get; init; } = ProviderFile.DefaultPath;

    /// <summary>Whether this process runs as root.</summary>
    public required bool IsPrivileged { get; init; }

    public static HostSurroundings OfThisProcess { get; } = new()
    {
        Variable = Environment.GetEnvironmentVariable,
        IsPrivileged = Environment.IsPrivilegedProcess,
    };

    /// <summary>
    /// <c>$STATE_DIRECTORY</c>, which systemd sets (the first, should it name several); else <c>/var/lib/plasm</c> for root;
    /// else <c>plasm</c> in <c>$XDG_STATE_HOME</c>, by default <c>~/.local/state</c>.
    /// </summary>
    public string DefaultStateDirectory
    {
        get
        {
            if (Variable("STATE_DIRECTORY")?.Split(':')[0] is { Length: > 0 } ofService)
            {
                return Path.GetFullPath(ofService);
            }

            if (IsPrivileged)
            {
                return SystemStateDirectory;
            }

            // The base directory specification has relative paths in these variables ignored.
            string? ofUser = Variable("XDG_STATE_HOME");
            return Path.IsPathRooted(ofUser) ? Path.Combine(ofUser, "plasm")
                : Variable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".local", "state", "plasm")
                : SystemStateDirectory;
        }
    }
}
