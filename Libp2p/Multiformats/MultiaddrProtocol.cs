using System.Collections.Frozen;

namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>One row of the multiaddr protocol table. https://github.com/multiformats/multiaddr/blob/master/protocols.csv</summary>
/// <param name="Code">Number in the binary form.</param>
/// <param name="Name">Name in the text form.</param>
/// <param name="ValueBytes">Size of the value: 0 for none, -1 for a varint length in front of it.</param>
public sealed record MultiaddrProtocol(int Code, string Name, int ValueBytes)
{
    public static readonly MultiaddrProtocol Ip4 = new(4, "ip4", 4);
    public static readonly MultiaddrProtocol Tcp = new(6, "tcp", 2);
    public static readonly MultiaddrProtocol Ip6 = new(41, "ip6", 16);
    public static readonly MultiaddrProtocol Ip6Zone = new(42, "ip6zone", -1);
    public static readonly MultiaddrProtocol Dns = new(53, "dns", -1);
    public static readonly MultiaddrProtocol Dns4 = new(54, "dns4", -1);
    public static readonly MultiaddrProtocol Dns6 = new(55, "dns6", -1);
    public static readonly MultiaddrProtocol DnsAddr = new(56, "dnsaddr", -1);
    public static readonly MultiaddrProtocol Udp = new(273, "udp", 2);
    public static readonly MultiaddrProtocol Circuit = new(290, "p2p-circuit", 0);
    public static readonly MultiaddrProtocol P2p = new(421, "p2p", -1);
    public static readonly MultiaddrProtocol Tls = new(448, "tls", 0);
    public static readonly MultiaddrProtocol Sni = new(449, "sni", -1);
    public static readonly MultiaddrProtocol Noise = new(454, "noise", 0);
    public static readonly MultiaddrProtocol Quic = new(460, "quic", 0);
    public static readonly MultiaddrProtocol QuicV1 = new(461, "quic-v1", 0);
    public static readonly MultiaddrProtocol WebTransport = new(465, "webtransport", 0);
    public static readonly MultiaddrProtocol Ws = new(477, "ws", 0);
    public static readonly MultiaddrProtocol Wss = new(478, "wss", 0);
    public static readonly MultiaddrProtocol Http = new(480, "http", 0);
    public static readonly MultiaddrProtocol Memory = new(777, "memory", 8);

    private static readonly MultiaddrProtocol[] All =
    [
        Ip4, Tcp, Ip6, Ip6Zone, Dns, Dns4, Dns6, DnsAddr, Udp, Circuit, P2p, Tls, Sni, Noise, Quic, QuicV1, WebTransport, Ws, Wss, Http,
        Memory,
    ];

    private static readonly FrozenDictionary<int, MultiaddrProtocol> ByCode = All.ToFrozenDictionary(static protocol => protocol.Code);

    private static readonly FrozenDictionary<string, MultiaddrProtocol> ByName = All
        .Append(P2p with { Name = "ipfs" }) // The name of p2p before 2019; still in old bootstrap lists.
        .ToFrozenDictionary(static protocol => protocol.Name, StringComparer.Ordinal);

    /// <summary>The row with that number, or null.</summary>
    public static MultiaddrProtocol? Find(int code) => ByCode.GetValueOrDefault(code);

    /// <summary>The row with that name, or null.</summary>
    public static MultiaddrProtocol? Find(string name) => ByName.TryGetValue(name, out MultiaddrProtocol? row) ? ByCode[row.Code] : null;
}
