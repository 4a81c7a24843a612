namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>A release, or why there is none.</summary>
/// <param name="Release">Null when refused.</param>
/// <param name="Candidate">Null when loaded.</param>
/// <param name="IsFinal">The same files would end the same way, so they are not read again until one of them changes.</param>
internal sealed record LoadResult(Release? Release, Candidate? Candidate, bool IsFinal)
{
    public static LoadResult Loaded(Release release) => new(release, null, true);

    public static LoadResult Refused(string problem) => new(null, new Candidate(CandidateState.Refused, problem), true);

    /// <summary>Something is missing; other files may come.</summary>
    public static LoadResult Incomplete(string problem) => new(null, new Candidate(CandidateState.Waiting, problem), true);

    /// <summary>Worth another try with the same files.</summary>
    public static LoadResult Later(string problem) => new(null, new Candidate(CandidateState.Waiting, problem), false);
}
