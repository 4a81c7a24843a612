using System.Text;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands;

/// <summary>A file of peers to join the DHT by: a multiaddr a line; blank lines and what follows a # are passed over. Only ever read.</summary>
internal static class PeersFile
{
    public const int MaxBytes = 64 * 1024;
    public const int MaxPeers = 256;

    /// <exception cref="CommandException">It cannot be read, or has a line that is no address; all such lines are named.</exception>
    public static IReadOnlyList<Multiaddr> Read(string path)
    {
        List<Multiaddr> peers = [];
        List<string> problems = [];
        string[] lines = ReadText(path).Split('\n');
        for (int number = 1; number <= lines.Length; number++)
        {
            string text = lines[number - 1].Split('#', 2)[0].Trim();
            if (text.Length == 0)
            {
                continue;
            }

            if (PeerAddress.TryParse(text, out Multiaddr? peer))
            {
                peers.Add(peer);
            }
            else
            {
                problems.Add($"{number}: '{(text.Length > 60 ? text[..60] + "..." : text)}'");
            }
        }

        return problems.Count > 0
            ? throw Wrong(
                $"{path} has lines that are no peers ({string.Join(", ", problems.Take(5))}{(problems.Count > 5 ? ", ..." : "")}): "
                + $"expected {PeerAddress.Rule}.")
            : peers.Count > MaxPeers ? throw Wrong(
                $"{path} names {peers.Count} peers: expected at most {MaxPeers}; a handful is enough to join by.")
            : peers;
    }

    private static string ReadText(string path)
    {
        byte[] content = new byte[MaxBytes + 1];
        int length;
        try
        {
            using FileStream file = File.OpenRead(path);
            length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Wrong($"The peers file {path} cannot be read: {failure.Message} Check peers_file, PLASM_PEERS_FILE or --peers-file.");
        }

        return length <= MaxBytes
            ? Encoding.UTF8.GetString(content, 0, length)
            : throw Wrong($"The peers file {path} is longer than {MaxBytes} bytes; it should have an address a line.");
    }

    private static CommandException Wrong(string problem) => new(ExitCode.Configuration, SingleLine.Of(problem));
}
