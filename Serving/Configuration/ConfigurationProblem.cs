namespace PhaseMesh.Serving.Configuration;

/// <summary>One thing wrong with the configuration.</summary>
/// <param name="Where"><c>FILE:LINE:COLUMN</c>, or the name of an environment variable.</param>
/// <param name="Problem">The value, the rule it breaks, and what to write instead.</param>
public sealed record ConfigurationProblem(string Where, string Problem)
{
    public override string ToString() => $"{Where}: {Problem}";
}
