namespace PhaseMesh.Gateway.Admission;

/// <summary>
/// Whose bytes are next: three turns for <see cref="StreamPriority.Boot"/>, then one for the rest, so that neither starves.
/// </summary>
internal struct PriorityTurns
{
    private const int BootTurns = 3;

    private int _taken;

    /// <summary>The one to try first; the other when that has nobody.</summary>
    public readonly StreamPriority Next => _taken < BootTurns ? StreamPriority.Boot : StreamPriority.Bulk;

    /// <param name="othersWait">Whether the other priority has someone waiting too.</param>
    public void Took(StreamPriority priority, bool othersWait) =>
        _taken = othersWait && priority is StreamPriority.Boot ? _taken + 1 : 0;
}
