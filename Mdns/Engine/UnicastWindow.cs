namespace PhaseMesh.Mdns.Engine;

/// <summary>
/// Unicast responses are believed only for two seconds after this node asked for them on the link (RFC 6762 section 6): later ones
/// are somebody trying to plant records unseen by the rest of the link.
/// </summary>
internal sealed class UnicastWindow
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(2);
    private TimeSpan? _openedAt;

    public void Open(TimeSpan now) => _openedAt = now;

    public bool IsOpen(TimeSpan now) => _openedAt is TimeSpan openedAt && now - openedAt <= Length;
}
