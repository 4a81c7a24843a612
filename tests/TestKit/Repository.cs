namespace PhaseMesh.TestKit;

/// <summary>Where things are in the checkout that these tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds PhaseMesh.sln.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "PhaseMesh.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"Expected PhaseMesh.sln above {AppContext.BaseDirectory}; the tests run from a checkout.");
    }
}
