namespace PhaseMesh.Mdns.Network;

/// <summary>Whether another program listens on port 5353, by the kernel's list of UDP sockets.</summary>
internal static class PortSharing
{
    // "  sl  local_address ..." where the address ends in the port: ":14E9".
    private const string LocalPort = ":14E9 ";

    /// <param name="ownSockets">How many of the listed sockets are this network's.</param>
    public static bool IsShared(int ownSockets)
    {
        try
        {
            return CountListeners("/proc/net/udp") + CountListeners("/proc/net/udp6") > ownSockets;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No such list on this system: assume company, which costs a unicast reply and nothing else.
            return true;
        }
    }

    internal static int CountListeners(IEnumerable<string> lines) =>
        lines.Count(line => line.IndexOf(LocalPort, StringComparison.Ordinal) is int at and >= 0 && at < FirstSpaceAfterAddress(line));

    private static int CountListeners(string path) => File.Exists(path) ? CountListeners(File.ReadLines(path)) : 0;

    // The second column is the local address; the third, the peer, may hold the same port and does not count.
    private static int FirstSpaceAfterAddress(string line)
    {
        int slot = line.IndexOf(": ", StringComparison.Ordinal);
        int address = slot < 0 ? -1 : line.IndexOf(' ', slot + 2);
        return address < 0 ? -1 : address;
    }
}
