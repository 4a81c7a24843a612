using PhaseMesh.Cluster.Engine;

namespace PhaseMesh.Cluster.Stores;

/// <summary>The first contact: a storage that isn't up yet is waited for, for a while.</summary>
internal static class StoreStart
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    public static async Task RunAsync(StorageSession session, StorePlan plan, TimeProvider time, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                await session.Store.StartAsync(plan, session, cancellationToken);
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested
                && session.Store.Classify(exception) != StorageFault.Rejected)
            {
                if (time.GetElapsedTime(began) > Limit)
                {
                    session.Availability.MarkDown(exception, began);
                    throw session.Availability.Explain("start the silo", began, isOutcomeUnknown: false);
                }

                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }
}
