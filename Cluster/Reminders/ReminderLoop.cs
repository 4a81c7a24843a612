using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Runtime;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Reminders;

/// <summary>
/// Runs reminders that are due. Every silo looks; a claim by the storage's clock decides who runs one. A silo that dies takes its claims
/// with it only until they end; a reminder that throws stays due and is tried again, ever less often, up to a minute apart.
/// </summary>
internal sealed class ReminderLoop(GrainEngine engine, ClusterLog log)
{
    private const int MaxClaims = 64;
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMinutes(1);

    private readonly string[] _grains = [.. engine.Classes.Values.Where(grain => grain.IsRemindable).Select(grain => grain.Name)];

    /// <returns>Whether there may be more.</returns>
    public async Task<bool> RunDueAsync(CancellationToken cancellationToken)
    {
        if (_grains.Length == 0)
        {
            return false;
        }

        // A claim outlives the call's limit, so that a turn still running cannot be run again by another silo. What can't end in time
        // doesn't begin, as when this silo was frozen after its claim.
        TimeSpan lease = engine.Options.CallLimit * 3;
        long latest = engine.Session.Time.GetTimestamp()
            + (long)((lease - engine.Options.CallLimit).TotalSeconds * engine.Session.Time.TimestampFrequency);
        IReadOnlyList<DueReminder> due = await engine.Session.Store.Tables.ClaimRemindersAsync(
            _grains, lease, MaxClaims, cancellationToken);
        await Task.WhenAll(due.Select(reminder => RunAsync(reminder, latest, cancellationToken)));
        return due.Count == MaxClaims;
    }

    private async Task RunAsync(DueReminder due, long latest, CancellationToken cancellationToken)
    {
        if (engine.Session.Time.GetTimestamp() > latest)
        {
            return;
        }

        GrainClass grainClass = engine.Classes[due.Id.Grain];
        TickStatus status = new(due.FirstDue.UtcDateTime, due.Period, due.Now.UtcDateTime);
        DelegateInvocation invocation = new(grain => ((IRemindable)grain).ReceiveReminder(due.Id.Name, status));
        try
        {
            await await engine.RunAsync(grainClass, due.Id.Key, invocation, grainClass.Reminder);
            await engine.Session.Store.Tables.CompleteReminderAsync(due, cancellationToken);
            ClusterInstruments.Reminder(isDone: true);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan delay = TimeSpan.FromSeconds(Math.Min(MaxRetryDelay.TotalSeconds, Math.Pow(2, due.Attempt - 1)));
            ClusterInstruments.Reminder(isDone: false);
            log.ReminderFailed($"{due.Id.Grain}/{due.Id.Key}/{due.Id.Name}", due.Attempt, delay.TotalSeconds, exception);
            if (engine.Session.Availability.IsUp)
            {
                await engine.Session.Store.Tables.DelayReminderAsync(due, delay, cancellationToken);
            }
        }
    }
}
