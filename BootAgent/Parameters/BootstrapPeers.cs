using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport.Tcp;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// The nodes by which the DHT is joined: those named, and those baked into the boot image as <c>*.addr</c> files with one address a line
/// (<c>#</c> starts a comment). They go onto the next kernel's command line, so their alphabet has no white space, quotes or commas.
/// </summary>
internal static class BootstrapPeers
{
    public const string MachineDirectory = "/etc/phase/bootstrap.d";
    public const string Expected = "/ip4/ADDRESS/tcp/PORT/p2p/PEER (or /ip6, /dns4, /dns6), several separated by commas";
    public const int MaxPeers = 32;
    private const int MaxFiles = 16;
    private const int MaxFileBytes = 64 * 1024;

    private static readonly TcpTransport Transport = new();

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/");

    /// <summary>A wrong one on the command line is an error; one in a file only a warning, since one good node is enough.</summary>
    /// <param name="directory">Null, or a directory that need not exist.</param>
    public static IReadOnlyList<Multiaddr> Read(ParameterValues values, string? directory)
    {
        List<Multiaddr> peers = [];
        foreach (GivenValue given in values.AllOf(ParameterTable.Bootstrap))
        {
            foreach (string item in given.Text.Split(','))
            {
                if (TryParse(item, out Multiaddr? peer))
                {
                    peers.Add(peer);
                }
                else
                {
                    values.Refuse(given with { Text = item }, ParameterTable.Bootstrap);
                }
            }
        }

        if (peers.Count > MaxPeers)
        {
            values.Errors.Add($"phase.bootstrap: {peers.Count} nodes; at most {MaxPeers} are used");
        }

        if (directory is not null && Directory.Exists(directory))
        {
            ReadDirectory(directory, peers, values.Warnings);
        }

        return [.. peers.Distinct().Take(MaxPeers)];
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out Multiaddr? peer)
    {
        peer = text.AsSpan().ContainsAnyExcept(Allowed) || !Multiaddr.TryParse(text, out Multiaddr? address)
            || address.Peer is null || !Transport.Supports(address)
            ? null
            : address;
        return peer is not null;
    }

    private static void ReadDirectory(string directory, List<Multiaddr> peers, List<string> warnings)
    {
        try
        {
            string[] files = Directory.GetFiles(directory, "*.addr");
            Array.Sort(files, StringComparer.Ordinal);
            if (files.Length > MaxFiles)
            {
                warnings.Add($"{directory}: {files.Length} files of bootstrap nodes; the first {MaxFiles} are read");
            }

            foreach (string file in files.Take(MaxFiles))
            {
                if (new FileInfo(file).Length > MaxFileBytes)
                {
                    warnings.Add($"{file}: larger than {MaxFileBytes} bytes, which no list of bootstrap nodes is; it is not read");
                    continue;
                }

                foreach (string line in File.ReadLines(file))
                {
                    string item = line.Split('#')[0].Trim();
                    if (TryParse(item, out Multiaddr? peer))
                    {
                        peers.Add(peer);
                    }
                    else if (item.Length > 0 && warnings.Count < MaxPeers)
                    {
                        warnings.Add($"{file}: {ParameterValues.Shown(item)} is no bootstrap node; expected {Expected}");
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"{directory}: bootstrap nodes cannot be read ({error.GetType().Name})");
        }
    }
}
