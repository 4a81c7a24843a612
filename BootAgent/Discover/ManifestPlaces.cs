using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>The two places below a provider's URL where the agent looks for a manifest.</summary>
internal static class ManifestPlaces
{
    public const string FileName = "/manifest.json";

    /// <summary>Directories below the provider's URL, the one that is asked first in front.</summary>
    public static string[] DirectoriesOf(AgentOptions options) => [$"/{options.Channel}/{options.Arch}", string.Empty];

    /// <summary>What both are below, given where a provider says its manifest is; null when that is another place.</summary>
    public static string? BaseOf(string manifestPath, AgentOptions options)
    {
        foreach (string directory in DirectoriesOf(options))
        {
            if (manifestPath.EndsWith(directory + FileName, StringComparison.Ordinal))
            {
                return manifestPath[..^(directory.Length + FileName.Length)];
            }
        }

        return null;
    }
}
