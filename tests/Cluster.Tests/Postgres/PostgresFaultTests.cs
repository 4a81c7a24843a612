using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.Cluster.Storage;
using PhaseMesh.Cluster.Tests.Support;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Postgres;

namespace PhaseMesh.Cluster.Tests.Postgres;

/// <summary>
/// PostgreSQL dies, restarts, or loses connections under load: what was acknowledged is there, once, and all recovers by itself.
/// </summary>
public sealed class PostgresFaultTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private PostgresServer Server { get; set; } = null!;

    private PostgresLab Lab { get; set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await PostgresServer.StartNewAsync();
        Lab = new PostgresLab(Server, await Server.NewDatabaseAsync());
    }

    public async Task DisposeAsync()
    {
        await Lab.DisposeAsync();
        await Server.DisposeAsync();
    }

    [Fact]
    public Task ConnectionsCutUnderLoad_NothingAcknowledgedIsLostOrDoneTwice() => UnderLoadAsync(async () =>
    {
        for (int i = 0; i < 5; i++)
        {
            await Server.CutConnectionsAsync();
        }
    });

    [Fact]
    public Task ServerKilledUnderLoad_NothingAcknowledgedIsLostOrDoneTwice() => UnderLoadAsync(async () =>
    {
        await Server.KillAsync();
        await Server.StartAsync();
    });

    [Fact]
    public async Task ListenerCut_OthersChangesAreSeenAgain()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        ICounterGrain here = one.GetGrain<ICounterGrain>("a");
        for (int i = 1; i <= 3; i++)
        {
            await two.GetGrain<ICounterGrain>("a").AddAsync(1);
            await Eventually.IsAsync(async () => await here.GetAsync() == i);
            await Server.CutConnectionsAsync();
        }
    }

    /// <summary>Counts what was acknowledged and what may have happened; the state must lie between.</summary>
    private async Task UnderLoadAsync(Func<Task> fault)
    {
        GrainCluster[] silos = [await Lab.StartSiloAsync("one"), await Lab.StartSiloAsync("two")];
        long acknowledged = 0;
        long unknown = 0;
        TaskCompletionSource warm = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource stop = new();
        Task[] callers = [.. Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            ICounterGrain grain = silos[caller % 2].GetGrain<ICounterGrain>($"k{caller % 5}");
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await grain.AddAsync(1).WaitAsync(Limit);
                    if (Interlocked.Increment(ref acknowledged) > 100)
                    {
                        warm.TrySetResult();
                    }
                }
                catch (StorageUnavailableException exception)
                {
                    Interlocked.Add(ref unknown, exception.IsOutcomeUnknown ? 1 : 0);
                }
                catch (Exception exception) when (exception is InconsistentStateException or TimeoutException)
                {
                    // Given up before a write was sent: nothing happened.
                    Assert.NotNull(exception.Message);
                }
            }
        }))];

        await warm.Task.WaitAsync(Limit);
        await fault();
        long before = Volatile.Read(ref acknowledged);
        await Eventually.IsAsync(() => Volatile.Read(ref acknowledged) > before + 100);
        await stop.CancelAsync();
        await Task.WhenAll(callers).WaitAsync(Limit);

        using (GrainReads.Newest())
        {
            long sum = 0;
            for (int i = 0; i < 5; i++)
            {
                ICounterGrain grain = silos[0].GetGrain<ICounterGrain>($"k{i}");
                long value = await grain.GetAsync();
                Assert.Equal($"{value}", await grain.GetEtagAsync());
                sum += value;
            }

            Assert.InRange(sum, acknowledged, acknowledged + unknown);
        }
    }
}
