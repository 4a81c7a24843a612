namespace PhaseMesh.Telemetry;

/// <summary>Names of the figures that a scrape says about itself.</summary>
public static class ScrapeFigures
{
    public const string LeftOut = "phase.scrape.families.left_out";
    public const string LeftOutHelp = "Families that had no room in this answer, or the name of another one";
    public const string Duration = "phase.scrape.collection";
    public const string DurationHelp = "Time that making this answer took";
}
