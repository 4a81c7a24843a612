using System.Collections.Immutable;
using System.Net;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Browsing;

/// <summary>
/// A service found on one link, fully resolved. The same machine on two links is two instances, each with the addresses it has there.
/// </summary>
public sealed class ServiceInstance : IEquatable<ServiceInstance>
{
    /// <summary>The instance's own label, for people.</summary>
    public string InstanceName => FullName.FirstLabel;

    public required DnsName FullName { get; init; }

    public required DnsName HostName { get; init; }

    public required ushort Port { get; init; }

    /// <summary>IPv4 first, then global, then link-local IPv6; the last carry the link's index as scope. Never empty.</summary>
    public required ImmutableArray<IPAddress> Addresses { get; init; }

    public required ServiceText Text { get; init; }

    /// <summary>The interface it was heard on.</summary>
    public required int LinkIndex { get; init; }

    public required string LinkName { get; init; }

    public bool Equals(ServiceInstance? other) =>
        other is not null && FullName.Equals(other.FullName) && HostName.Equals(other.HostName) && Port == other.Port
        && LinkIndex == other.LinkIndex && Text.Equals(other.Text) && Addresses.SequenceEqual(other.Addresses);

    public override bool Equals(object? obj) => Equals(obj as ServiceInstance);

    public override int GetHashCode() => HashCode.Combine(FullName, LinkIndex);

    public override string ToString() => $"{FullName} at {HostName}:{Port} ({string.Join(", ", Addresses)}) on {LinkName}";
}

public enum ServiceChangeKind
{
    Added,
    Updated,
    Removed,
}

/// <param name="Instance">As it is now; for <see cref="ServiceChangeKind.Removed"/>, as it was last.</param>
public sealed record ServiceChange(ServiceChangeKind Kind, ServiceInstance Instance);
