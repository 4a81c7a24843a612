using PhaseMesh.Silo.Configuration.Toml;

namespace PhaseMesh.Silo.Configuration;

/// <summary>A provider.toml that has been read: the document, and everything wrong with it.</summary>
internal sealed class ProviderFile
{
    /// <summary>Read when no other is named, if it is there.</summary>
    public const string DefaultPath = "/etc/plasm/provider.toml";

    private ProviderFile(string path, TomlDocument? document, IReadOnlyList<ConfigurationProblem> problems) =>
        (FullPath, Document, Problems) = (path, document, problems);

    public string FullPath { get; }

    /// <summary>Null when the file could not be read as TOML.</summary>
    public TomlDocument? Document { get; }

    public IReadOnlyList<ConfigurationProblem> Problems { get; }

    /// <summary>The channels in the order of the file: the first answers the paths without a channel.</summary>
    public IEnumerable<string> ChannelNames =>
        Document?.Root.Find(ProviderSettings.ProviderTable) is TomlTable provider
        && provider.Find(ProviderSettings.ChannelsTable) is TomlTable channels
            ? channels.Entries.Select(entry => entry.Key)
            : [];

    /// <summary>Reads and checks a file; whatever is wrong ends up in <see cref="Problems"/>.</summary>
    public static ProviderFile Load(string path)
    {
        string fullPath = Path.GetFullPath(path);
        try
        {
            TomlDocument document = TomlDocument.Parse(ReadBounded(fullPath));
            return new ProviderFile(fullPath, document, ProviderFileRules.Check(document, path));
        }
        catch (TomlException refusal)
        {
            return Unreadable(fullPath, new ConfigurationProblem($"{path}:{refusal.Position}", refusal.Problem));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Unreadable(fullPath, new ConfigurationProblem(path, failure switch
            {
                FileNotFoundException or DirectoryNotFoundException => "Expected a configuration file, found none; check the path.",
                UnauthorizedAccessException => "The file cannot be read by this user; check its permissions, and that it is no directory.",
                _ => $"The file cannot be read: {failure.Message}",
            }));
        }
    }

    private static ProviderFile Unreadable(string path, ConfigurationProblem problem) => new(path, null, [problem]);

    /// <summary>One byte past the limit at most, so that the reader can tell a file that is too large, whatever the file is.</summary>
    private static byte[] ReadBounded(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] content = new byte[TomlLimits.MaxFileBytes + 1];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content[..length];
    }
}
