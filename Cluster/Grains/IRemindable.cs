using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster;

/// <summary>A grain that has reminders.</summary>
public interface IRemindable : IGrain
{
    /// <summary>
    /// A reminder is due. It runs on one silo at a time and again until it returns without throwing, so it must bear repetition.
    /// </summary>
    Task ReceiveReminder(string reminderName, TickStatus status);
}
