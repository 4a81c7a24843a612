namespace PhaseMesh.Gateway.Admission;

/// <summary>The clients that are here, and those that were a moment ago. Used under the lock of <see cref="AdmissionControl"/>.</summary>
internal sealed class ClientTable(AdmissionOptions options, AdmissionRates rates, TimeProvider clock, WaitingLine[] lines)
{
    private readonly Dictionary<ClientKey, ClientLoad> _clients = [];
    private readonly Queue<ClientLoad> _idle = [];
    private long _nextTurn;

    public ClientLoad? Find(ClientKey key) => _clients.GetValueOrDefault(key);

    /// <summary>With its place in the order of arrival: a new one, if it wasn't here lately or has had its share.</summary>
    public ClientLoad Of(ClientKey key)
    {
        long now = clock.GetTimestamp();
        ForgetIdle(now);
        if (!_clients.TryGetValue(key, out ClientLoad? client))
        {
            _clients.Add(key, client = new ClientLoad(key, _nextTurn++, now, rates.NewForClient()));
        }
        else if (client.Begun >= AdmissionOptions.DownloadsInPlace || clock.GetElapsedTime(client.Since, now) > options.PlaceLasts)
        {
            WaitingLine.Reorder(lines, client, () => client.Renew(_nextTurn++, now));
        }

        client.IdleSince = now;
        return client;
    }

    /// <summary>Called when a client may have nothing left here.</summary>
    public void NoteIdle(ClientLoad client)
    {
        client.IdleSince = clock.GetTimestamp();
        if (client.IsIdle && !client.IsNotedIdle)
        {
            client.IsNotedIdle = true;
            _idle.Enqueue(client);
        }
    }

    private void ForgetIdle(long now)
    {
        while (_idle.TryPeek(out ClientLoad? first)
            && (!first.IsIdle || _idle.Count > AdmissionOptions.MaxRemembered
                || clock.GetElapsedTime(first.IdleSince, now) > options.KeepPlace))
        {
            _idle.Dequeue();
            first.IsNotedIdle = false;
            if (first.IsIdle)
            {
                _clients.Remove(first.Key);
            }
        }
    }
}
