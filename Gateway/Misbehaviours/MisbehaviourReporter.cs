using System.Threading.Channels;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Misbehaviours;

/// <summary>
/// Carries proofs of wrong bytes to the silos: 1. queued on disk, 2. sent in turn, 3. again, ever more rarely, while no silo answers. What the
/// silos make of it is theirs: they look for themselves (docs/wire/fleet-api.md).
/// </summary>
internal sealed partial class MisbehaviourReporter(
    LiveOptions options, IReplicaDirectory directory, ReplicaDirectory reports, ReportQueue queue, ReportSender sender, TimeProvider clock,
    ILogger<MisbehaviourReporter> log) : BackgroundService, IMisbehaviourReporter
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(60);

    private readonly Channel<Misbehaviour> _heard =
        Channel.CreateBounded<Misbehaviour>(new BoundedChannelOptions(ReportQueue.Most) { FullMode = BoundedChannelFullMode.DropOldest });

    private long _queued;
    private long _taken;
    private long _refused;

    /// <summary>Proofs since the start that were new and whose provider has a key.</summary>
    public long Queued => Interlocked.Read(ref _queued);

    /// <summary>Those that a silo took.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Those that a silo will not have.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Those that wait for a silo, also from before the start.</summary>
    public int Waiting => queue.Count;

    public void Report(Misbehaviour misbehaviour) => _heard.Writer.TryWrite(misbehaviour);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (LoadKey() is not { } key)
        {
            return;
        }

        using (key)
        {
            queue.Load();
            TimeSpan pause = FirstPause;
            while (true)
            {
                // 1.
                while (_heard.Reader.TryRead(out Misbehaviour? misbehaviour))
                {
                    Enqueue(misbehaviour);
                }

                IReadOnlyList<Uri> silos = options.Current.Silos;
                if (queue.First is not { } report || silos.Count == 0)
                {
                    await WaitAsync(MaxPause, stoppingToken);
                    continue;
                }

                // 2.
                ReportOutcome outcome = await sender.SendAsync(silos, report, key, stoppingToken);
                if (outcome.IsFinal)
                {
                    queue.RemoveFirst();
                    LogOutcome(report, outcome);
                    pause = FirstPause;
                    continue;
                }

                // 3.
                if (pause == FirstPause)
                {
                    LogWaiting(queue.Count, outcome.Message);
                }

                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble() / 2), clock, stoppingToken);
                pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
            }
        }
    }

    private async Task WaitAsync(TimeSpan most, CancellationToken cancellationToken)
    {
        try
        {
            await _heard.Reader.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(most, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Silos may have been configured meanwhile.
        }
    }

    private void Enqueue(Misbehaviour misbehaviour)
    {
        DirectoryRelease? release = directory.Current.Releases.FirstOrDefault(
            release => release.Manifest.Artifacts.Values.Any(artifact => artifact.Digest == misbehaviour.Artifact));
        ManifestArtifact? artifact = release?.Manifest.Artifacts.Values.First(artifact => artifact.Digest == misbehaviour.Artifact);
        if (KeyOf(misbehaviour.ProviderId) is not { } provider || release is null || artifact is null)
        {
            LogNobodyToTell(misbehaviour.ProviderId);
            return;
        }

        bool isNew = queue.Add(new PendingReport(
            release.Manifest.Digest.ToString(), misbehaviour.Artifact.ToString(),
            artifact.Chunks is { } chunks ? (int)(misbehaviour.Offset / chunks.ChunkSizeBytes) : -1,
            misbehaviour.Actual.ToString(), provider,
            misbehaviour.Expected.ToString(), misbehaviour.Url.ToString(), misbehaviour.Offset, misbehaviour.LengthBytes, misbehaviour.At));
        Interlocked.Add(ref _queued, isNew ? 1 : 0);
    }

    /// <summary>One that is known by its URL says itself who it is.</summary>
    private string? KeyOf(string providerId) => Ed25519PublicKey.TryParse(providerId, out Ed25519PublicKey key)
        ? key.KeyId
        : reports.Reports.Values.SelectMany(report => report.Providers)
            .FirstOrDefault(provider => provider.ProviderId == providerId)?.ClaimedKey;

    private Ed25519PrivateKey? LoadKey()
    {
        string stateDirectory = options.Current.StateDirectory;
        try
        {
            return NodeIdentity.LoadOrCreate(stateDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            LogNoKey(stateDirectory, e.Message);
            return null;
        }
    }

    private void LogOutcome(PendingReport report, ReportOutcome outcome)
    {
        Interlocked.Increment(ref outcome.IsTaken ? ref _taken : ref _refused);
        if (outcome.IsTaken)
        {
            LogTold(report.Provider, outcome.Message);
        }
        else
        {
            LogRefused(report.Provider, outcome.Message);
        }
    }

    [LoggerMessage(5410, LogLevel.Warning, "The silos were told that {Provider} sends wrong bytes: {Answer}")]
    private partial void LogTold(string provider, string answer);

    [LoggerMessage(5411, LogLevel.Warning, "The silos don't take the report on {Provider}: {Answer}")]
    private partial void LogRefused(string provider, string answer);

    [LoggerMessage(5412, LogLevel.Warning, "{Reports} reports on providers wait for a silo that takes them: {Problem}")]
    private partial void LogWaiting(int reports, string problem);

    [LoggerMessage(5413, LogLevel.Information, "{Provider} sends wrong bytes, but its key is not known, so nobody is told but this log")]
    private partial void LogNobodyToTell(string provider);

    [LoggerMessage(5414, LogLevel.Error, "There is no key to sign reports with, so none are made: {Directory}: {Problem}")]
    private partial void LogNoKey(string directory, string problem);
}
