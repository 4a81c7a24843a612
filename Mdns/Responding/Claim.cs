using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Responding;

/// <summary>A name this node wants for itself, and the records under it. The same on every link except for addresses.</summary>
internal abstract class Claim
{
    /// <summary>RFC 6762 section 10: records that depend on the host live two minutes.</summary>
    public const uint HostTtlSeconds = 120;

    /// <summary>RFC 6762 section 10: all others live 75 minutes.</summary>
    public const uint OtherTtlSeconds = 4500;

    private const int ConflictsBeforePause = 15;
    private static readonly TimeSpan ConflictWindow = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConflictPause = TimeSpan.FromSeconds(5);
    private readonly Queue<TimeSpan> _conflicts = [];
    private bool _isSlowedDown;

    public abstract DnsName Name { get; }

    /// <summary>Records nobody else may have, without the NSEC that closes the list.</summary>
    public abstract IReadOnlyList<DnsRecord> UniqueRecords(NetworkLink link);

    /// <summary>Records that other machines have siblings of.</summary>
    public virtual IReadOnlyList<DnsRecord> SharedRecords() => [];

    public abstract void Rename();

    /// <summary>The name was won and announced on some link.</summary>
    public virtual void OnAnnounced() => _isSlowedDown = false;

    /// <summary>
    /// How long to wait before the next attempt: after 15 conflicts in 10 s, 5 s each time until one succeeds (RFC 6762 section 8.1).
    /// </summary>
    public TimeSpan NextAttemptDelay(TimeSpan now)
    {
        while (_conflicts.TryPeek(out TimeSpan oldest) && now - oldest > ConflictWindow)
        {
            _conflicts.Dequeue();
        }

        _conflicts.Enqueue(now);
        _isSlowedDown |= _conflicts.Count >= ConflictsBeforePause;
        return _isSlowedDown ? ConflictPause : TimeSpan.Zero;
    }
}

/// <summary>The node's host name with the addresses of whichever link is asked about.</summary>
internal sealed class HostClaim(string label) : Claim
{
    private int _attempt = 1;

    public string Label => _attempt == 1 ? label : NameSuffix.ForHost(label, _attempt);

    public override DnsName Name => DnsName.Local.Prepend(Label);

    public override IReadOnlyList<DnsRecord> UniqueRecords(NetworkLink link) =>
        [.. link.Addresses.Select(address => new DnsRecord(Name, new AddressData(address.Address), HostTtlSeconds, CacheFlush: true))];

    public override void Rename() => _attempt++;
}

/// <summary>One service instance: SRV and TXT under its own name, PTR records that lead to it.</summary>
internal sealed class ServiceClaim : Claim
{
    private static readonly DnsName ServiceTypes = DnsName.Parse("_services._dns-sd._udp.local");
    private readonly ServiceRegistration _registration;
    private readonly HostClaim _host;
    private readonly DnsName _type;
    private readonly List<DnsName> _subTypes = [];
    private int _attempt = 1;

    /// <exception cref="FormatException">A name in the registration breaks its rule.</exception>
    public ServiceClaim(ServiceRegistration registration, HostClaim host)
    {
        const int MaxSubTypes = 16;
        _registration = registration;
        _host = host;
        _type = ServiceRegistration.ParseType(registration.ServiceType);
        Label = registration.InstanceName;
        Text = registration.Text;
        _ = _type.Prepend(Label);
        if (registration.SubTypes.Count > MaxSubTypes)
        {
            throw new FormatException($"Service '{Label}' has {registration.SubTypes.Count} sub-types: expected at most {MaxSubTypes}.");
        }

        foreach (string subType in registration.SubTypes)
        {
            _subTypes.Add(_type.Prepend("_sub").Prepend(subType));
        }
    }

    public string Label { get; private set; }

    public ServiceText Text { get; set; }

    public TaskCompletionSource Announced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override DnsName Name => _type.Prepend(Label);

    public override IReadOnlyList<DnsRecord> UniqueRecords(NetworkLink link) =>
    [
        new DnsRecord(Name, new ServiceData(_host.Name, _registration.Port), HostTtlSeconds, CacheFlush: true),
        new DnsRecord(Name, new TextData(Text), OtherTtlSeconds, CacheFlush: true),
    ];

    public override IReadOnlyList<DnsRecord> SharedRecords() =>
    [
        new DnsRecord(_type, new PointerData(Name), OtherTtlSeconds),
        .. _subTypes.Select(subType => new DnsRecord(subType, new PointerData(Name), OtherTtlSeconds)),
        new DnsRecord(ServiceTypes, new PointerData(_type), OtherTtlSeconds),
    ];

    public override void Rename() => Label = NameSuffix.ForService(_registration.InstanceName, ++_attempt);

    public override void OnAnnounced()
    {
        base.OnAnnounced();
        Announced.TrySetResult();
    }
}
