using System.CommandLine;
using System.Text.Json;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary><c>plasmd dht find KEY</c>: who serves a release.</summary>
internal static class DhtFindCommand
{
    private const string Examples = """
        plasmd dht find stable/x86_64
        # Asking one peer's neighbourhood; the URLs only
        plasmd dht find stable/arm64 --bootstrap /ip4/192.0.2.1/tcp/4001 --json | jq -r '.[].urls[]'
        """;

    /// <summary>As many as a node keeps of one key.</summary>
    private const int MaxProviders = 128;

    public static Command Create(CommandContext context)
    {
        Argument<string> key = DhtCommandOptions.Key();
        DhtCommandOptions options = new(TimeSpan.FromSeconds(10), "How long to look.");
        var command = new PlasmdCommand("find", "Find the providers of a release in the DHT.", Examples) { key };
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DhtKeyText wanted = DhtKeyText.TryParse(parsed.GetValue(key)!, out DhtKeyText? found)
                ? found
                : throw new InvalidOperationException("The key was checked.");
            IReadOnlyList<FoundProvider> providers =
                await options.AskAsync(parsed, context, (client, token) => FindAsync(client, wanted, token), cancellationToken);
            Write(providers, wanted, options.WantsJson(parsed), context);
            return providers.Count > 0 ? ExitCode.Ok : ExitCode.NotReachable;
        });
        return command;
    }

    /// <summary>Until the look-up ends; what was found when the time is up is the result.</summary>
    public static async Task<IReadOnlyList<FoundProvider>> FindAsync(DhtClient client, DhtKeyText key, CancellationToken cancellationToken)
    {
        List<FoundProvider> providers = [];
        try
        {
            IAsyncEnumerable<KadPeer> found = client.Dht.FindProvidersAsync(KademliaDht.ProviderKey(key.Key), MaxProviders, cancellationToken);
            await foreach (KadPeer provider in found.WithCancellation(cancellationToken))
            {
                providers.Add(FoundProvider.Of(provider, key.Slot));
            }
        }
        catch (OperationCanceledException) when (providers.Count > 0)
        {
            return providers;
        }

        return providers;
    }

    private static void Write(IReadOnlyList<FoundProvider> providers, DhtKeyText key, bool asJson, CommandContext context)
    {
        if (asJson)
        {
            context.Output.WriteLine(JsonSerializer.Serialize(providers, DhtJson.Default.IReadOnlyListFoundProvider));
        }
        else if (providers.Count == 0)
        {
            context.Output.WriteLine($"The DHT names no provider of {SingleLine.Of(key.Key)}.");
        }
        else
        {
            var table = new TableText("PEER", "URL", "ADDRESSES");
            foreach (FoundProvider provider in providers)
            {
                table.Add(provider.PeerId, provider.Urls.Count > 0 ? provider.Urls[0] : null, string.Join(' ', provider.Addresses));
            }

            table.WriteTo(context);
        }
    }
}
