using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary><c>plasmd provider drain, approve, quarantine, release, weight</c>: what an operator does with a provider.</summary>
internal static class ProviderActionCommands
{
    private const string Expected = "a key id, ed25519: and 64 hex digits, or a peer id, 12D3KooW...";

    public static Command Drain(CommandContext context) => Create(
        context, "drain", "Send no new clients to a provider; 'release' ends it.",
        "plasmd provider drain 12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf");

    public static Command Approve(CommandContext context) => Create(
        context, "approve", "Let in a provider that waits for it.", """
        plasmd provider list --fleet http://silo1:8080 --state joining
        plasmd provider approve 12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf
        """);

    public static Command Release(CommandContext context) => Create(
        context, "release", "End a provider's quarantine or drain.",
        "plasmd provider release 12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf");

    public static Command Quarantine(CommandContext context)
    {
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Required = true, Description = "Why, for those who find it so." };
        return Create(
            context, "quarantine", "Take a provider out; nothing it does ends that.",
            "plasmd provider quarantine 12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf --reason 'disk fails'",
            HttpMethod.Post, reason, parsed => new JsonObject { ["reason"] = parsed.GetRequiredValue(reason) });
    }

    public static Command Weight(CommandContext context)
    {
        Option<string> weight = CommandOptions.Checked(
            new Option<string>("--weight")
            {
                HelpName = "N",
                Required = true,
                Description = "0 to 100; 1 is usual, 2 takes twice as much, 0 nothing.",
            },
            text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value is >= 0 and <= 100,
            "0 to 100");
        return Create(
            context, "weight", "Give a provider more or fewer clients.",
            "plasmd provider weight 12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf --weight 2",
            HttpMethod.Put, weight, parsed =>
                new JsonObject { ["weight"] = double.Parse(parsed.GetRequiredValue(weight), CultureInfo.InvariantCulture) });
    }

    private static PlasmdCommand Create(
        CommandContext context, string name, string description, string examples, HttpMethod? method = null, Option? extra = null,
        Func<ParseResult, JsonObject>? body = null)
    {
        FleetCommandOptions options = new();
        var provider = new Argument<string>("PROVIDER") { Description = $"Which: {Expected}." };
        provider.Validators.Add(result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value).Where(value => KeyIdOf(value) is null))
            {
                result.AddError($"PROVIDER is '{value}': expected {Expected}.");
            }
        });
        var command = new PlasmdCommand(name, description, examples) { provider };
        if (extra is not null)
        {
            command.Add(extra);
        }

        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            JsonElement answer = await session.ChangeAsync(
                method ?? HttpMethod.Post, $"/v1/providers/{KeyIdOf(parsed.GetRequiredValue(provider))}/{name}", body?.Invoke(parsed),
                cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, answer);
            }
            else
            {
                context.Output.WriteLine(SingleLine.Of($"{answer.Text("peer_id")}: {answer.Text("state")}: {answer.Text("reason")}"));
            }
        }, cancellationToken));
        return command;
    }

    private static string? KeyIdOf(string text) =>
        Ed25519PublicKey.TryParse(text, out Ed25519PublicKey key) ? key.KeyId
        : PeerId.TryParse(text, out PeerId peer) ? NodePeer.KeyOf(peer)?.KeyId
        : null;
}
