using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Runtime;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Reminders;

/// <summary>A grain's own view of its reminders.</summary>
internal sealed class GrainReminders(GrainEngine engine)
{
    private const int MaxNameLength = 150;

    public async Task<IGrainReminder> RegisterAsync(GrainClass grain, string key, string name, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaxNameLength, nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, engine.Options.MinReminderPeriod);
        await RunAsync(token => engine.Session.Store.Tables.SetReminderAsync(
            new ReminderId(grain.Name, key, name), dueTime, period, token), name);
        return new GrainReminder(name);
    }

    public Task UnregisterAsync(GrainClass grain, string key, string name) =>
        RunAsync(token => engine.Session.Store.Tables.RemoveReminderAsync(new ReminderId(grain.Name, key, name), token), name);

    public async Task<IGrainReminder?> GetAsync(GrainClass grain, string key, string name) =>
        (await ListAsync(grain, key)).Find(reminder => reminder.ReminderName == name);

    public async Task<List<IGrainReminder>> ListAsync(GrainClass grain, string key)
    {
        IReadOnlyList<string> names = [];
        await RunAsync(async token => names = await engine.Session.Store.Tables.ListRemindersAsync(grain.Name, key, token), "*");
        return [.. names.Select(name => new GrainReminder(name))];
    }

    private Task RunAsync(Func<CancellationToken, Task> work, string name) =>
        engine.Session.RunAsync(work, $"use the reminder {name}", default);

    private sealed record GrainReminder(string ReminderName) : IGrainReminder;
}
