namespace PhaseMesh.Cluster.Sql;

/// <summary>Where the two databases differ. Times are whole microseconds since 1970, so that both keep them the same way.</summary>
/// <param name="Prefix">Before table names.</param>
/// <param name="Now">The database's clock.</param>
/// <param name="SkipLocked">How a claim passes over rows that another is claiming.</param>
/// <param name="TextField">A declared field as text; {0} is its name.</param>
/// <param name="NumberField">A declared field as a number.</param>
/// <param name="ToText">A number as text.</param>
internal sealed record SqlDialect(string Prefix, string Now, string SkipLocked, string TextField, string NumberField, string ToText);
