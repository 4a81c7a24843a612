using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Silo.Configuration;

/// <summary>A provider.toml that has been read: the document, and everything wrong with it.</summary>
internal sealed class ProviderFile
{
    /// <summary>Read when no other is named, if it is there.</summary>
    public const string DefaultPath = "/etc/plasm/provider.toml";

    private readonly ConfigurationFile _file;

    private ProviderFile(ConfigurationFile file) => _file = file;

    public string FullPath => _file.FullPath;

    /// <summary>Null when the file could not be read as TOML.</summary>
    public TomlDocument? Document => _file.Document;

    public IReadOnlyList<ConfigurationProblem> Problems => _file.Problems;

    /// <summary>The channels in the order of the file: the first answers the paths without a channel.</summary>
    public IEnumerable<string> ChannelNames =>
        Document?.Root.Find(ProviderSettings.ProviderTable) is TomlTable provider
        && provider.Find(ProviderSettings.ChannelsTable) is TomlTable channels
            ? channels.Entries.Select(entry => entry.Key)
            : [];

    /// <summary>Reads and checks a file; whatever is wrong ends up in <see cref="Problems"/>.</summary>
    public static ProviderFile Load(string path) => new(ConfigurationFile.Load(path, ProviderFileRules.Check));
}
