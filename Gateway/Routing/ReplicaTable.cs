using System.Collections.Concurrent;
using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Routing;

/// <summary>The state of every provider that the directory names, of those that left it lately, and who is excluded. Bounded.</summary>
internal sealed class ReplicaTable(RouteClock clock, RoutingOptions options)
{
    private readonly ConcurrentDictionary<string, ReplicaState> _states = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _excluded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _departedAt = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private HashSet<string> _healthy = new(StringComparer.Ordinal);
    private long _exclusions;

    public RoutingOptions Options => options;

    /// <summary>Of how many providers state is held.</summary>
    public int Count => _states.Count;

    public ReplicaState? Find(string providerId) => _states.GetValueOrDefault(providerId);

    public ReplicaState StateOf(string providerId) =>
        _states.GetOrAdd(providerId, static (id, options) => new ReplicaState(id, options), options);

    public bool IsExcluded(string providerId) => !_excluded.IsEmpty && _excluded.ContainsKey(providerId);

    public void Exclude(string providerId)
    {
        lock (_gate)
        {
            _excluded[providerId] = ++_exclusions;
            if (_excluded.Count > options.MaxExcluded)
            {
                _excluded.TryRemove(_excluded.MinBy(entry => entry.Value).Key, out _);
            }
        }
    }

    public void Pardon(string providerId)
    {
        lock (_gate)
        {
            if (_excluded.TryRemove(providerId, out _))
            {
                Find(providerId)?.WarmUp();
            }
        }
    }

    /// <summary>Makes the states those of the snapshot's providers.</summary>
    public void Follow(DirectorySnapshot snapshot)
    {
        lock (_gate)
        {
            double now = clock.Now;
            HashSet<string> present = new(StringComparer.Ordinal);
            HashSet<string> healthy = new(StringComparer.Ordinal);
            HashSet<string> cold = new(StringComparer.Ordinal);
            foreach (ReplicaEndpoint endpoint in snapshot.Replicas.Values.SelectMany(endpoints => endpoints))
            {
                present.Add(endpoint.ProviderId);
                if (endpoint.IsHealthy)
                {
                    healthy.Add(endpoint.ProviderId);
                }

                if (!endpoint.IsWarm)
                {
                    cold.Add(endpoint.ProviderId);
                }
            }

            foreach (string id in present)
            {
                ReplicaState state = StateOf(id);
                if (_departedAt.Remove(id) || (healthy.Contains(id) && !_healthy.Contains(id)))
                {
                    state.WarmUp();
                }

                state.SaysItIsWarm(!cold.Contains(id));
            }

            DropDeparted(present, now);
            _healthy = healthy;
        }
    }

    private void DropDeparted(HashSet<string> present, double now)
    {
        foreach (string id in _states.Keys)
        {
            if (!present.Contains(id))
            {
                _departedAt.TryAdd(id, now);
            }
        }

        int spare = _departedAt.Count - options.MaxDeparted;
        foreach ((string id, double since) in _departedAt.OrderBy(departed => departed.Value).ToArray())
        {
            if (spare-- > 0 || now - since > options.KeepDeparted.TotalSeconds)
            {
                _departedAt.Remove(id);
                _states.TryRemove(id, out _);
            }
        }
    }
}
