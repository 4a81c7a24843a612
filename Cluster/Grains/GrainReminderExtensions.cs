using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster;

/// <summary>Durable reminders of a grain that is <see cref="IRemindable"/>.</summary>
public static class GrainReminderExtensions
{
    /// <summary>Makes or changes a reminder: due after <paramref name="dueTime"/>, then every <paramref name="period"/>.</summary>
    /// <exception cref="GrainRuleException">The grain isn't <see cref="IRemindable"/>.</exception>
    /// <exception cref="ArgumentException">The name is empty or over 150 characters, the due time negative, or the period under the
    /// options' minimum (1 minute).</exception>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(this Grain grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
        Of(grain).Runtime.RegisterOrUpdateReminderAsync(reminderName, dueTime, period);

    /// <summary>Ends a reminder; nothing happens where it ended already.</summary>
    public static Task UnregisterReminder(this Grain grain, IGrainReminder reminder) => Of(grain).Runtime.UnregisterReminderAsync(reminder);

    /// <returns>Null where there is none of that name.</returns>
    public static Task<IGrainReminder?> GetReminder(this Grain grain, string reminderName) =>
        Of(grain).Runtime.GetReminderAsync(reminderName);

    public static Task<List<IGrainReminder>> GetReminders(this Grain grain) => Of(grain).Runtime.GetRemindersAsync();

    private static Grain Of(Grain grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain is IRemindable
            ? grain
            : throw new GrainRuleException($"{grain.GetType().Name} asks for a reminder but isn't {nameof(IRemindable)}; nobody "
                + $"could be reminded.");
    }
}
