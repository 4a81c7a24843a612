using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Gateway.Admission;

/// <summary>
/// Who waits, of one priority: first the client with the fewest streams, of several the one that came first. So a client with sixteen
/// requests gets its second stream after everybody else got a first. Used under the lock of <see cref="AdmissionControl"/>.
/// </summary>
internal sealed class WaitingLine(StreamPriority priority)
{
    private readonly SortedSet<ClientLoad> _clients = new(Comparer<ClientLoad>.Create(Compare));

    public int Count { get; private set; }

    public void Add(ClientLoad client, AdmissionWaiter waiter)
    {
        client.WaitingFor(priority).Enqueue(waiter);
        _clients.Add(client);
        Count++;
    }

    /// <summary>Takes out the first whose client may start.</summary>
    public bool TryTake(Func<AdmissionTicket, bool> mayStart, [NotNullWhen(true)] out AdmissionWaiter? waiter)
    {
        waiter = null;
        foreach (ClientLoad client in _clients)
        {
            if (mayStart(client.WaitingFor(priority).Peek().Ticket))
            {
                waiter = client.WaitingFor(priority).Dequeue();
                break;
            }
        }

        if (waiter is null)
        {
            return false;
        }

        Count--;
        LeaveIfEmpty(waiter.Ticket.Client);
        return true;
    }

    /// <returns>False: it was taken already.</returns>
    public bool Remove(AdmissionWaiter waiter)
    {
        Queue<AdmissionWaiter> queue = waiter.Ticket.Client.WaitingFor(priority);
        int before = queue.Count;
        for (int left = before; left > 0; left--)
        {
            AdmissionWaiter each = queue.Dequeue();
            if (each != waiter)
            {
                queue.Enqueue(each);
            }
        }

        if (queue.Count == before)
        {
            return false;
        }

        Count--;
        LeaveIfEmpty(waiter.Ticket.Client);
        return true;
    }

    /// <summary>The newest waiter of the client that would be served last; null when nobody waits.</summary>
    public AdmissionWaiter? Last => _clients.Max?.WaitingFor(priority).Last();

    /// <summary>Clients before this one; 0 when it doesn't wait here.</summary>
    public int Before(ClientLoad client) => _clients.Contains(client) ? _clients.TakeWhile(each => each != client).Count() : 0;

    /// <summary>Changes what the order depends on.</summary>
    public static void Reorder(WaitingLine[] lines, ClientLoad client, Action change)
    {
        Span<bool> wasIn = [false, false];
        for (int index = 0; index < lines.Length; index++)
        {
            wasIn[index] = lines[index]._clients.Remove(client);
        }

        change();
        for (int index = 0; index < lines.Length; index++)
        {
            if (wasIn[index])
            {
                lines[index]._clients.Add(client);
            }
        }
    }

    private void LeaveIfEmpty(ClientLoad client)
    {
        if (client.WaitingFor(priority).Count == 0)
        {
            _clients.Remove(client);
        }
    }

    private static int Compare(ClientLoad? left, ClientLoad? right)
    {
        int byStreams = left!.Streams.CompareTo(right!.Streams);
        return byStreams != 0 ? byStreams : left.Turn.CompareTo(right.Turn);
    }
}
