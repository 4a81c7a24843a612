namespace PhaseMesh.Gateway.Configuration;

/// <summary>What the configuration takes from the machine; tests give their own.</summary>
/// <param name="Variable">Reads an environment variable; null when it is not set.</param>
/// <param name="IsPrivileged">Whether this process runs as root.</param>
internal sealed record GatewayEnvironment(Func<string, string?> Variable, bool IsPrivileged)
{
    public string DefaultConfigPath { get; init; } = GatewayFile.DefaultPath;

    private const string SystemStateDirectory = "/var/lib/phase-gateway";

    public static GatewayEnvironment OfThisProcess { get; } = new(Environment.GetEnvironmentVariable, Environment.IsPrivilegedProcess);

    /// <summary>
    /// <c>$STATE_DIRECTORY</c>, which systemd sets (the first, should it name several); else <c>/var/lib/phase-gateway</c> for root; else
    /// <c>phase-gateway</c> in <c>$XDG_STATE_HOME</c>, by default <c>~/.local/state</c>.
    /// </summary>
    public string DefaultStateDirectory
    {
        get
        {
            if (Variable("STATE_DIRECTORY")?.Split(':')[0] is { Length: > 0 } ofService)
            {
                return Path.GetFullPath(ofService);
            }

            string? ofUser = Variable("XDG_STATE_HOME");
            return IsPrivileged ? SystemStateDirectory
                : Path.IsPathRooted(ofUser) ? Path.Combine(ofUser, "phase-gateway")
                : Variable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".local", "state", "phase-gateway")
                : SystemStateDirectory;
        }
    }
}
