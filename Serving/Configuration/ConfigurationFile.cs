using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Serving.Configuration;

/// <summary>A configuration file that has been read: the document, and everything wrong with it.</summary>
public sealed class ConfigurationFile
{
    private ConfigurationFile(string path, TomlDocument? document, IReadOnlyList<ConfigurationProblem> problems) =>
        (FullPath, Document, Problems) = (path, document, problems);

    public string FullPath { get; }

    /// <summary>Null when the file could not be read as TOML.</summary>
    public TomlDocument? Document { get; }

    public IReadOnlyList<ConfigurationProblem> Problems { get; }

    /// <summary>Reads and checks a file; whatever is wrong ends up in <see cref="Problems"/>.</summary>
    /// <param name="check">The document's own rules; the text is the file as the user named it.</param>
    public static ConfigurationFile Load(string path, Func<TomlDocument, string, IReadOnlyList<ConfigurationProblem>> check)
    {
        string fullPath = Path.GetFullPath(path);
        try
        {
            TomlDocument document = TomlDocument.Parse(ReadBounded(fullPath));
            return new ConfigurationFile(fullPath, document, check(document, path));
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

    private static ConfigurationFile Unreadable(string path, ConfigurationProblem problem) => new(path, null, [problem]);

    /// <summary>One byte past the limit at most, so that the reader can tell a file that is too large, whatever the file is.</summary>
    private static byte[] ReadBounded(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] content = new byte[TomlLimits.MaxFileBytes + 1];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content[..length];
    }
}
