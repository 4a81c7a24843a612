namespace PhaseMesh.Telemetry;

/// <summary>Figures that take a query to make; observable instruments show what was made last.</summary>
public interface IScrapeFigures
{
    /// <summary>
    /// Called before each collection. Makes them anew where they are too old, and returns when they are, or at
    /// <paramref name="cancellationToken"/>; it keeps the last ones where that fails.
    /// </summary>
    Task RefreshAsync(CancellationToken cancellationToken);
}
