using PhaseMesh.Grains.Artifacts;

namespace PhaseMesh.Silo.Diagnostics;

/// <summary>Labels of what a fleet has many of.</summary>
internal static class FleetLabels
{
    private const int ShownLetters = 16;

    /// <summary>The first letters of its key, as a gateway calls it too.</summary>
    public static string OfProvider(string key) => Shown(key);

    /// <summary>The first letters of its digest, and its kind.</summary>
    public static KeyValuePair<string, object?>[] OfArtifact(ArtifactView artifact) =>
        [new("artifact", Shown(artifact.Digest)), new("kind", artifact.Kind)];

    private static string Shown(string name)
    {
        int begin = name.IndexOf(':', StringComparison.Ordinal) + 1;
        return name.Substring(begin, Math.Min(ShownLetters, name.Length - begin));
    }
}
