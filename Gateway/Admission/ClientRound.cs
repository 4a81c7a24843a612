namespace PhaseMesh.Gateway.Admission;

internal sealed class RateWaiter(int countBytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public int CountBytes { get; } = countBytes;
}

/// <summary>Who waits for bytes, one client after the other.</summary>
internal sealed class ClientRound
{
    private readonly Dictionary<ClientKey, Queue<RateWaiter>> _waiting = [];
    private readonly Queue<ClientKey> _order = [];

    public bool IsEmpty => _order.Count == 0;

    public void Add(ClientKey client, RateWaiter waiter)
    {
        if (!_waiting.TryGetValue(client, out Queue<RateWaiter>? queue))
        {
            _waiting.Add(client, queue = []);
            _order.Enqueue(client);
        }

        queue.Enqueue(waiter);
    }

    /// <summary>The next client's oldest; the client then goes to the end of the round.</summary>
    public RateWaiter? TakeNext()
    {
        while (_order.TryDequeue(out ClientKey client))
        {
            Queue<RateWaiter> queue = _waiting[client];
            RateWaiter waiter = queue.Dequeue();
            while (waiter.Task.IsCanceled && queue.Count > 0)
            {
                waiter = queue.Dequeue();
            }

            if (queue.Count > 0)
            {
                _order.Enqueue(client);
            }
            else
            {
                _waiting.Remove(client);
            }

            if (!waiter.Task.IsCanceled)
            {
                return waiter;
            }
        }

        return null;
    }
}
