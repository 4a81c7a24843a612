namespace PhaseMesh.Cluster.Sql;

/// <summary>
/// Kinds stand inside SQL text, in partial indexes and the queries that use them; so they are nothing but letters, digits, _ . and -.
/// </summary>
internal static class KindNames
{
    private const int MaxLength = 100;

    /// <exception cref="GrainRuleException">The name of a class or state has other characters.</exception>
    public static string Checked(string kind) =>
        kind.Length is > 0 and <= MaxLength && kind.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-')
            ? kind
            : throw new GrainRuleException($"'{kind}' can't be stored: a grain class's name or alias, with its state's name, is at "
                + $"most {MaxLength} "
                + "ASCII letters, digits, _ . and -.");
}
