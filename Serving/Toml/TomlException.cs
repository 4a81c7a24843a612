namespace PhaseMesh.Serving.Toml;

/// <summary>The text is not TOML 1.0, or exceeds a limit of <see cref="TomlLimits"/>.</summary>
public sealed class TomlException(TomlPosition position, string problem)
    : FormatException($"{position}: {problem}")
{
    public TomlPosition Position { get; } = position;

    /// <summary>What was expected and what was found, without the position.</summary>
    public string Problem { get; } = problem;
}
