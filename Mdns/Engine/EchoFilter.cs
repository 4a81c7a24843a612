using System.Net.Sockets;

namespace PhaseMesh.Mdns.Engine;

/// <summary>
/// Recognises our own multicasts when the kernel loops them back. Comparing the source address is not enough: a system daemon on the
/// same machine sends from the same address and port. Each sent datagram is recognised once per link and family, so a foreign one with
/// the same bytes (a plain query has no identity) is still heard.
/// </summary>
internal sealed class EchoFilter
{
    private const int MaxRemembered = 256;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);
    private readonly LinkedList<Sent> _sent = [];

    public void Remember(ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        while (_sent.First is { } oldest && (_sent.Count >= MaxRemembered || now - oldest.Value.At > Lifetime))
        {
            _sent.RemoveFirst();
        }

        _sent.AddLast(new Sent(datagram.ToArray(), now));
    }

    public bool IsEcho(ReadOnlySpan<byte> datagram, int linkIndex, AddressFamily family, TimeSpan now)
    {
        for (LinkedListNode<Sent>? node = _sent.First; node is not null; node = node.Next)
        {
            Sent sent = node.Value;
            if (now - sent.At <= Lifetime && datagram.SequenceEqual(sent.Bytes) && sent.Seen.Add((linkIndex, family)))
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Sent(byte[] Bytes, TimeSpan At)
    {
        public HashSet<(int LinkIndex, AddressFamily Family)> Seen { get; } = [];
    }
}
