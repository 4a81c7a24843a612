using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary><c>plasmd dht peers</c>: whom a newcomer gets to know.</summary>
internal static class DhtPeersCommand
{
    private const string Examples = """
        plasmd dht peers
        # As a peers file
        plasmd dht peers --json | jq -r '.[] | "\(.addresses[0])/p2p/\(.peer_id)"' > peers
        """;

    /// <summary>Random places looked up, so that more than one neighbourhood is seen; a network of a thousand is seen nearly whole.</summary>
    private const int Lookups = 16;

    public static Command Create(CommandContext context)
    {
        DhtCommandOptions options = new(TimeSpan.FromSeconds(10), "How long to look.");
        var command = new PlasmdCommand("peers", "List the peers of the DHT that answer.", Examples);
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<KnownPeer> peers = await options.AskAsync(parsed, context, ListAsync, cancellationToken);
            if (options.WantsJson(parsed))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(peers, DhtJson.Default.IReadOnlyListKnownPeer));
                return ExitCode.Ok;
            }

            var table = new TableText("PEER", "ADDRESSES");
            foreach (KnownPeer peer in peers)
            {
                table.Add(peer.PeerId, string.Join(' ', peer.Addresses));
            }

            table.WriteTo(context);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<IReadOnlyList<KnownPeer>> ListAsync(DhtClient client, CancellationToken cancellationToken)
    {
        HashSet<PeerId> peers = [];
        for (int lookup = 0; lookup < Lookups; lookup++)
        {
            int before = peers.Count;
            peers.UnionWith(await client.Dht.FindClosestPeersAsync(RandomNumberGenerator.GetBytes(32), cancellationToken));
            peers.UnionWith(client.Dht.RoutingTable);
            if (peers.Count == before && lookup > 0)
            {
                break;
            }
        }

        return [.. peers.Order().Select(peer => new KnownPeer(
            peer.ToString(),
            [.. client.Host.Peers.AddressesOf(peer)
                .Where(address => !HttpMultiaddr.TryGetUrl(address, out _)).Select(address => address.ToString())]))];
    }
}
