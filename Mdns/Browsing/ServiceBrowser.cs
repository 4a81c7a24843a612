using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Browsing;

/// <summary>
/// Looks for one service type on every link until disposed. Services of the same node are not reported: it knows them already.
/// </summary>
public sealed class ServiceBrowser : IAsyncDisposable
{
    private readonly NodeContext _context;
    private readonly Action<ServiceBrowser> _onDisposed;
    private readonly HashSet<Channel<bool>> _watchers = [];
    private ImmutableDictionary<(int LinkIndex, DnsName Name), ServiceInstance> _instances =
        ImmutableDictionary<(int, DnsName), ServiceInstance>.Empty;

    private bool _isDisposed;

    internal ServiceBrowser(NodeContext context, DnsName browsed, DnsName type, Action<ServiceBrowser> onDisposed)
    {
        _context = context;
        _onDisposed = onDisposed;
        Browsed = browsed;
        Type = type;
    }

    /// <summary>What is resolved at this moment.</summary>
    public IReadOnlyCollection<ServiceInstance> Instances => [.. Volatile.Read(ref _instances).Values];

    internal DnsName Browsed { get; }

    internal DnsName Type { get; }

    /// <summary>
    /// First an <see cref="ServiceChangeKind.Added"/> for every instance known now, then each change. A slow reader loses no instance: it sees
    /// the difference to what it saw last, so nothing piles up. Ends when the browser is disposed.
    /// </summary>
    public async IAsyncEnumerable<ServiceChange> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Channel<bool> signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        lock (_context.Gate)
        {
            signal.Writer.TryWrite(true);
            _watchers.Add(signal);
            if (_isDisposed)
            {
                signal.Writer.Complete();
            }
        }

        try
        {
            var seen = ImmutableDictionary<(int LinkIndex, DnsName Name), ServiceInstance>.Empty;
            await foreach (bool _ in signal.Reader.ReadAllAsync(cancellationToken))
            {
                ImmutableDictionary<(int LinkIndex, DnsName Name), ServiceInstance> current = Volatile.Read(ref _instances);
                foreach (ServiceChange change in Difference(seen, current))
                {
                    yield return change;
                }

                seen = current;
            }
        }
        finally
        {
            lock (_context.Gate)
            {
                _watchers.Remove(signal);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_context.Gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _onDisposed(this);
                foreach (Channel<bool> watcher in _watchers)
                {
                    watcher.Writer.TryComplete();
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Replaces what is known of one link.</summary>
    internal void OnLinkChanged(int linkIndex, IEnumerable<ServiceInstance> instances)
    {
        ImmutableDictionary<(int LinkIndex, DnsName Name), ServiceInstance>.Builder builder = _instances.ToBuilder();
        builder.RemoveRange(_instances.Keys.Where(key => key.LinkIndex == linkIndex));
        foreach (ServiceInstance instance in instances)
        {
            builder[(linkIndex, instance.FullName)] = instance;
        }

        var next = builder.ToImmutable();
        if (!Difference(_instances, next).Any())
        {
            return;
        }

        Volatile.Write(ref _instances, next);
        foreach (Channel<bool> watcher in _watchers)
        {
            watcher.Writer.TryWrite(true);
        }
    }

    private static IEnumerable<ServiceChange> Difference(
        ImmutableDictionary<(int LinkIndex, DnsName Name), ServiceInstance> before,
        ImmutableDictionary<(int LinkIndex, DnsName Name), ServiceInstance> after)
    {
        foreach (((int LinkIndex, DnsName Name) key, ServiceInstance instance) in after)
        {
            if (!before.TryGetValue(key, out ServiceInstance? old))
            {
                yield return new ServiceChange(ServiceChangeKind.Added, instance);
            }
            else if (!old.Equals(instance))
            {
                yield return new ServiceChange(ServiceChangeKind.Updated, instance);
            }
        }

        foreach (((int LinkIndex, DnsName Name) key, ServiceInstance instance) in before)
        {
            if (!after.ContainsKey(key))
            {
                yield return new ServiceChange(ServiceChangeKind.Removed, instance);
            }
        }
    }
}
