namespace PhaseMesh.Serving.Toml;

/// <summary>What a file may cost to read. A provider.toml is a few hundred bytes; these are far above any honest file.</summary>
public static class TomlLimits
{
    public const int MaxFileBytes = 1 << 20;

    /// <summary>
    /// Arrays and inline tables within each other, and the parts of one dotted key. Keeps the recursive reader off the stack's end.
    /// </summary>
    public const int MaxDepth = 64;
}
