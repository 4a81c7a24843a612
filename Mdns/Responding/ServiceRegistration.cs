using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>A service to advertise in <c>.local</c>.</summary>
public sealed record ServiceRegistration
{
    /// <summary>For example <c>_phase-image._tcp</c>: two labels, the first <c>_</c> and 1 to 15 characters, the second <c>_tcp</c> or <c>_udp</c>.</summary>
    public required string ServiceType { get; init; }

    /// <summary>What people see; any UTF-8, 1 to 63 bytes. Renamed to <c>name (2)</c> and on when another machine has it.</summary>
    public required string InstanceName { get; init; }

    public required ushort Port { get; init; }

    public ServiceText Text { get; init; } = ServiceText.Empty;

    /// <summary>Narrower groups to be found by (RFC 6763 section 7.1), such as <c>_stable</c>; at most 16.</summary>
    public IReadOnlyList<string> SubTypes { get; init; } = [];

    /// <exception cref="FormatException">A name breaks its rule.</exception>
    internal static DnsName ParseType(string serviceType)
    {
        if (!DnsName.TryParse(serviceType, out DnsName? type) || !IsServiceType(type))
        {
            throw new FormatException(
                $"Service type '{serviceType}' is refused: expected '_name._tcp' or '_name._udp' with a name of 1 to 15 letters, digits and hyphens.");
        }

        return Under(type, DnsName.Local);
    }

    private static bool IsServiceType(DnsName type)
    {
        string service = type.FirstLabel;
        string protocol = type.Parent.FirstLabel;
        return type.Parent.Parent.IsRoot
            && service.Length is >= 2 and <= 16 && service[0] == '_' && service.Skip(1).All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            && (protocol.Equals("_tcp", StringComparison.OrdinalIgnoreCase) || protocol.Equals("_udp", StringComparison.OrdinalIgnoreCase));
    }

    private static DnsName Under(DnsName name, DnsName domain) =>
        name.IsRoot ? domain : Under(name.Parent, domain).Prepend(name.FirstLabel);
}
