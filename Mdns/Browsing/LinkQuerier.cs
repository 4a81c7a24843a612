using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Browsing;

/// <summary>
/// The asking side of one link. Only what leads from a browsed type to an address is kept: pointers of the type, SRV and TXT of the
/// instances they name, addresses of the hosts those name; so a stranger's chatter costs no memory.
/// </summary>
internal sealed class LinkQuerier
{
    private static readonly TimeSpan ReconcileInterval = TimeSpan.FromMilliseconds(20);
    private readonly NodeContext _context;
    private readonly UnicastWindow _unicastWindow;
    private readonly Action<LinkQuerier> _onChanged;
    private readonly RecordCache _cache;
    private readonly QuestionPlan _plan;

    // Browsed name -> the type its instances lie under (the two differ for sub-types).
    private readonly Dictionary<DnsName, DnsName> _browsed = [];
    private HashSet<DnsName> _instances = [];
    private HashSet<DnsName> _hosts = [];
    private bool _isReconcileScheduled;
    private TimeSpan _lastReconciled = -ReconcileInterval;

    public LinkQuerier(NodeContext context, NetworkLink link, UnicastWindow unicastWindow, Action<LinkQuerier> onChanged)
    {
        _context = context;
        _unicastWindow = unicastWindow;
        _onChanged = onChanged;
        Link = link;
        _plan = new QuestionPlan(context, Ask);
        _cache = new RecordCache(context, (name, type) => _plan.AskNow(name, type), ScheduleReconcile);
    }

    public NetworkLink Link { get; set; }

    public int CachedRecords => _cache.Count;

    public void Browse(DnsName name, DnsName type, TimeSpan delay)
    {
        _browsed[name] = type;
        _plan.Start(name, RecordType.Ptr, delay);
    }

    public void StopBrowsing(DnsName name)
    {
        _browsed.Remove(name);
        _plan.Stop(name, RecordType.Ptr);
        ScheduleReconcile();
    }

    public void Stop()
    {
        _browsed.Clear();
        _plan.StopAll();
        _cache.Clear();
    }

    /// <summary>Whatever is resolved now.</summary>
    public IEnumerable<ServiceInstance> Instances(DnsName browsed)
    {
        foreach (CacheEntry entry in _cache.Find(browsed, RecordType.Ptr))
        {
            DnsName instance = ((PointerData)entry.Record.Data).Target;
            if (_cache.Newest(instance, RecordType.Srv)?.Record.Data is ServiceData service
                && _cache.Newest(instance, RecordType.Txt)?.Record.Data is TextData text
                && Addresses(service.Target) is { Length: > 0 } addresses)
            {
                yield return new ServiceInstance
                {
                    FullName = instance,
                    HostName = service.Target,
                    Port = service.Port,
                    Addresses = addresses,
                    Text = text.Text,
                    LinkIndex = Link.Index,
                    LinkName = Link.Name,
                };
            }
        }
    }

    public void OnResponse(DnsMessage response, IPAddress source)
    {
        if (_browsed.Count == 0)
        {
            return;
        }

        // Three passes, because a packet may name the address before the service that makes it interesting.
        List<DnsRecord> records = [.. response.Answers.Concat(response.Additionals).Where(record => record.Class == RecordClass.Internet)];
        foreach (DnsRecord record in records)
        {
            if (record.Data is PointerData pointer && _browsed.TryGetValue(record.Name, out DnsName? type) && pointer.Target.Parent.Equals(type)
                && _cache.Store(record, source))
            {
                _instances.Add(pointer.Target);
            }
        }

        foreach (DnsRecord record in records)
        {
            if (record.Data is ServiceData or TextData && _instances.Contains(record.Name) && _cache.Store(record, source)
                && record.Data is ServiceData service)
            {
                _hosts.Add(service.Target);
            }
        }

        foreach (DnsRecord record in records)
        {
            if (record.Data is AddressData address && IsUsable(address.Address) && _hosts.Contains(record.Name))
            {
                _cache.Store(record, source);
            }
        }
    }

    private ImmutableArray<IPAddress> Addresses(DnsName host) =>
    [
        .. _cache.Find(host, RecordType.A).Concat(_cache.Find(host, RecordType.Aaaa))
            .Select(entry => ((AddressData)entry.Record.Data).Address)
            .Select(address => address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes(), Link.Index) : address)
            .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : address.IsIPv6LinkLocal ? 2 : 1)
            .ThenBy(address => address.ToString(), StringComparer.Ordinal),
    ];

    private void ScheduleReconcile()
    {
        // Once per packet, however many records it changed, and in a flood not once for every packet: it walks all instances.
        if (!_isReconcileScheduled)
        {
            _isReconcileScheduled = true;
            TimeSpan sinceLast = _context.Now - _lastReconciled;
            _context.Scheduler.Schedule(sinceLast >= ReconcileInterval ? TimeSpan.Zero : ReconcileInterval - sinceLast, Reconcile);
        }
    }

    // 1. what is still reachable from a browsed type, 2. forget the rest, 3. ask for what is missing, 4. tell the browsers.
    private void Reconcile()
    {
        _isReconcileScheduled = false;
        _lastReconciled = _context.Now;
        _instances = [.. _browsed.Keys.SelectMany(name => _cache.Find(name, RecordType.Ptr)).Select(entry => ((PointerData)entry.Record.Data).Target)];
        _hosts = [.. _instances.SelectMany(name => _cache.Find(name, RecordType.Srv)).Select(entry => ((ServiceData)entry.Record.Data).Target)];
        _cache.RemoveWhere((name, type) => type switch
        {
            RecordType.Ptr => !_browsed.ContainsKey(name),
            RecordType.Srv or RecordType.Txt => !_instances.Contains(name),
            _ => !_hosts.Contains(name),
        });

        HashSet<(DnsName Name, RecordType Type)> missing = [];
        foreach (DnsName instance in _instances)
        {
            AddIfMissing(instance, RecordType.Srv);
            AddIfMissing(instance, RecordType.Txt);
        }

        foreach (DnsName host in _hosts.Where(host => _cache.Find(host, RecordType.A).Count + _cache.Find(host, RecordType.Aaaa).Count == 0))
        {
            missing.Add((host, RecordType.A));
            missing.Add((host, RecordType.Aaaa));
        }

        foreach ((DnsName name, RecordType type) in _plan.Planned.Where(planned => planned.Type != RecordType.Ptr && !missing.Contains(planned)).ToList())
        {
            _plan.Stop(name, type);
        }

        foreach ((DnsName name, RecordType type) in missing)
        {
            _plan.Start(name, type, TimeSpan.Zero);
        }

        _onChanged(this);

        void AddIfMissing(DnsName name, RecordType type)
        {
            if (_cache.Find(name, type).Count == 0)
            {
                missing.Add((name, type));
            }
        }
    }

    private void Ask(IReadOnlyCollection<DnsQuestion> questions)
    {
        TimeSpan now = _context.Now;
        if (questions.Any(question => question.UnicastResponse))
        {
            _unicastWindow.Open(now);
        }

        // Section 7.1: answers we hold with more than half their life left need not be sent again.
        IEnumerable<DnsRecord> known = questions
            .Where(question => question.Type == RecordType.Ptr)
            .SelectMany(question => _cache.Find(question.Name, RecordType.Ptr))
            .Where(entry => entry.RemainingSeconds(now) > entry.Record.TtlSeconds / 2)
            .Select(entry => entry.Record with { TtlSeconds = entry.RemainingSeconds(now), CacheFlush = false });
        foreach (ReadOnlyMemory<byte> packet in MessageComposer.Query(questions, known))
        {
            _context.Multicast(Link.Index, packet.Span);
        }
    }

    private static bool IsUsable(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast)
        && (address.AddressFamily == AddressFamily.InterNetwork ? address.GetAddressBytes()[0] is < 224 or > 239 : !address.IsIPv6Multicast);
}
