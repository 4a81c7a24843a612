using PhaseMesh.Silo.Catalog.Loading;

namespace PhaseMesh.Silo.Catalog;

/// <summary>
/// One slot's way from files to a served release. Owned by the catalogue's loop: nothing here runs twice at once.
/// </summary>
/// <remarks>
/// A look goes: 1. is what is served still what was verified? 2. what lies in the directory? 3. served or judged already? 4. unchanged for
/// one interval? 5. verify, then swap. Failure of 2 to 5 leaves the old release serving; failure of 1 takes it out first.
/// </remarks>
internal sealed partial class SlotKeeper(
    ReleaseSlot slot, ArtifactLocator locator, ReleaseLoader loader, CatalogOptions options, ArtifactFileContext files, Action publish, ILogger log)
{
    private readonly List<(Release Release, DateTimeOffset At)> _retired = [];
    private Release? _serving;
    private Candidate? _candidate;
    private LocatedSet? _seen;
    private LocatedSet? _judged;

    public SlotSnapshot Snapshot => new(slot, _serving, _candidate);

    /// <summary>Newest first.</summary>
    public IEnumerable<Release> Retired => _retired.Select(retired => retired.Release);

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await CheckServingAsync();
        DropRetired();
        try
        {
            if (locator.Locate(slot, out string? problem) is not { } set)
            {
                (_seen, _judged) = (null, null);
                SetCandidate(new Candidate(CandidateState.Waiting, problem!));
                return;
            }

            bool settled = IsSettled(set);
            _seen = set;
            if (set.IsSameAs(_serving?.Source))
            {
                SetCandidate(null);
            }
            else if (!settled)
            {
                SetCandidate(new Candidate(CandidateState.Waiting, $"Files in {set.Directory} are changing; they are verified once they rest."));
            }
            else if (set.Manifest is null && _serving?.Source.Manifest is { } served)
            {
                // Mostly the gap in a careless update. Signing these files ourselves would offer clients what they refuse.
                SetCandidate(new Candidate(
                    CandidateState.Waiting, $"{served.Path} is gone; the release it described stays served. Put a manifest there, or restart to do without."));
            }
            else if (!set.IsSameAs(_judged))
            {
                await LoadAsync(set, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            SetCandidate(new Candidate(CandidateState.Waiting, $"Cannot look for files: {e.Message}"));
        }
    }

    /// <summary>Lets go of every file.</summary>
    public void Close()
    {
        _serving?.Close();
        _retired.ForEach(retired => retired.Release.Close());
        _retired.Clear();
        _serving = null;
    }

    private async Task CheckServingAsync()
    {
        if (_serving is null)
        {
            return;
        }

        DateTimeOffset scrubBefore = files.Clock.GetUtcNow() - options.ScrubInterval;
        foreach (ArtifactFile file in _serving.Files.Values)
        {
            if (await file.IsIntactAsync() && file.VerifiedAt < scrubBefore)
            {
                await file.VerifyAgainAsync();
            }
        }

        if (_serving.WithdrawnBecause is { } reason)
        {
            // Should the same files with the same times be found again, then the disk lies: they are not to be blessed with a new manifest.
            _judged = _serving.Source;
            _serving.Close();
            _serving = null;
            SetCandidate(new Candidate(CandidateState.Refused, reason + " The release was taken out; put the right file in its place."));
            publish();
        }
    }

    private bool IsSettled(LocatedSet set)
    {
        DateTimeOffset now = files.Clock.GetUtcNow();
        bool isOld = files.Stamps.KnowsChangeTime && set.Files.All(file => !file.Stamp.IsYoungerThan(options.PollInterval, now));
        return (isOld || set.IsSameAs(_seen)) && set.Files.All(file => !file.Stamp.IsRacilyYoung(now));
    }

    private async Task LoadAsync(LocatedSet set, CancellationToken cancellationToken)
    {
        long bytes = set.Artifacts.Values.Sum(file => file.Stamp.SizeBytes);
        _candidate = new Candidate(CandidateState.Waiting, $"Verifying {bytes} bytes in {set.Directory}.");
        LogVerifying(slot, bytes, set.Directory);
        publish();

        LoadResult result = await loader.LoadAsync(slot, set, cancellationToken);
        _judged = result.IsFinal ? set : null;
        if (result.Release is not { } release)
        {
            SetCandidate(result.Candidate);
            return;
        }

        if (_serving is not null)
        {
            _retired.Insert(0, (_serving, files.Clock.GetUtcNow()));
        }

        _serving = release;
        SetCandidate(null);
        DropRetired();
        LogServing(slot, release.Manifest.Version, release.Manifest.Release, release.Manifest.Digest);
        if (release.ProblemAt(files.Clock.GetUtcNow()) is { } problem)
        {
            LogProblem(slot, problem);
        }

        publish();
    }

    private void DropRetired()
    {
        DateTimeOffset oldest = files.Clock.GetUtcNow() - options.RetiredReleaseRetention;
        for (int index = _retired.Count - 1; index >= 0; index--)
        {
            (Release release, DateTimeOffset at) = _retired[index];
            if (index >= options.MaxRetiredReleases || at < oldest || release.WithdrawnBecause is not null)
            {
                _retired.RemoveAt(index);
                release.Close();
            }
        }
    }

    private void SetCandidate(Candidate? candidate)
    {
        if (candidate is not null && candidate.Problem != _candidate?.Problem)
        {
            LogProblem(slot, candidate.Problem);
        }

        _candidate = candidate;
    }

    [LoggerMessage(1101, LogLevel.Information, "{Slot}: serving {Version}, release {Release}, manifest {Digest}")]
    private partial void LogServing(ReleaseSlot slot, string version, long? release, Manifests.Naming.Sha256Digest digest);

    [LoggerMessage(1103, LogLevel.Information, "{Slot}: verifying {Bytes} bytes in {Directory}")]
    private partial void LogVerifying(ReleaseSlot slot, long bytes, string directory);

    [LoggerMessage(1102, LogLevel.Warning, "{Slot}: {Problem}")]
    private partial void LogProblem(ReleaseSlot slot, string problem);
}
