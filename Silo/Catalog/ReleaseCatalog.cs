using System.Threading.Channels;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog.Loading;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Catalog;

/// <summary>
/// The releases on disk. One loop looks at every slot each <see cref="CatalogOptions.PollInterval"/>, or at once when a served file proved
/// to have changed, and publishes <see cref="Current"/> whole; requests only ever read that.
/// </summary>
internal sealed partial class ReleaseCatalog : IAsyncDisposable
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly IReadOnlyList<SlotKeeper> _keepers;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private volatile CatalogSnapshot _current = CatalogSnapshot.Empty;
    private TaskCompletionSource _changed = NewChange();
    private bool _scanned;
    private Task _loop = Task.CompletedTask;

    public ReleaseCatalog(
        string artifactsDirectory, IReadOnlyList<ReleaseSlot> slots, Ed25519PrivateKey nodeKey, ReleaseLedger ledger, CatalogOptions options,
        IFileStamps stamps, TimeProvider clock, ILogger log)
    {
        _log = log;
        ArtifactFileContext files = new(stamps, clock, () => _wake.Writer.TryWrite(true), _stopping.Token);
        ArtifactLocator locator = new(artifactsDirectory, stamps);
        ReleaseLoader loader = new(nodeKey, ledger, options.TrustedKeys, files);
        _keepers = [.. slots.Select(slot => new SlotKeeper(slot, locator, loader, options, files, Publish, log))];
        _timer = clock.CreateTimer(_ => _wake.Writer.TryWrite(true), null, Timeout.InfiniteTimeSpan, options.PollInterval);
        Publish();
    }

    public CatalogSnapshot Current => _current;

    /// <summary>Ends when the catalogue is disposed of; fails if its loop died, after which nothing new would ever be served.</summary>
    public Task Completion => _loop;

    public void Start(TimeSpan pollInterval)
    {
        _loop = Task.Run(RunAsync);
        _timer.Change(TimeSpan.Zero, pollInterval);
    }

    /// <summary>The first snapshot from now on for which this is true.</summary>
    public async Task<CatalogSnapshot> WaitForAsync(Func<CatalogSnapshot, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            CatalogSnapshot current = _current;
            if (condition(current))
            {
                return current;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _timer.DisposeAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Its failure was reported when it died.
        foreach (ArtifactFile file in _current.Blobs.Values)
        {
            await file.Idle;
        }

        foreach (SlotKeeper keeper in _keepers)
        {
            keeper.Close();
        }

        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in _wake.Reader.ReadAllAsync(_stopping.Token))
            {
                foreach (SlotKeeper keeper in _keepers)
                {
                    await keeper.LookAsync(_stopping.Token);
                }

                _scanned = true;
                Publish();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            LogDied(e);
            throw;
        }
    }

    private void Publish()
    {
        _current = new CatalogSnapshot(
            [.. _keepers.Select(keeper => keeper.Snapshot)], [.. _keepers.SelectMany(keeper => keeper.Retired)], _scanned);
        Interlocked.Exchange(ref _changed, NewChange()).SetResult();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(1100, LogLevel.Critical, "Watching for releases failed; the provider stops")]
    private partial void LogDied(Exception exception);
}
