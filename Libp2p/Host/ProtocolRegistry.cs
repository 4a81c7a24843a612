using System.Collections.Immutable;

namespace PhaseMesh.Libp2p.Host;

/// <summary>The protocols this host serves. Changes swap the table whole; readers take no lock.</summary>
internal sealed class ProtocolRegistry
{
    private ImmutableDictionary<string, Registration> _table = ImmutableDictionary.Create<string, Registration>(StringComparer.Ordinal);

    public event Action? Changed;

    public ImmutableArray<string> Protocols => [.. Volatile.Read(ref _table).Keys.Order(StringComparer.Ordinal)];

    public Registration? Find(string protocol) => Volatile.Read(ref _table).GetValueOrDefault(protocol);

    public void Add(string protocol, Registration registration)
    {
        if (!ImmutableInterlocked.TryAdd(ref _table, protocol, registration))
        {
            throw new InvalidOperationException($"{protocol} is served already.");
        }
        Changed?.Invoke();
    }

    public void Remove(string protocol)
    {
        if (ImmutableInterlocked.TryRemove(ref _table, protocol, out _))
        {
            Changed?.Invoke();
        }
    }

    internal sealed record Registration(StreamHandler Handler, int MaxStreamsPerConnection);
}
