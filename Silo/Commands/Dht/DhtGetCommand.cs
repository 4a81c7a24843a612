using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PhaseMesh.Manifests.Pointers;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary><c>plasmd dht get KEY</c>: the pointer to the newest release that somebody announces.</summary>
internal static class DhtGetCommand
{
    private const string Examples = """
        plasmd dht get stable/x86_64
        # Where the manifest is
        plasmd dht get stable/x86_64 --json | jq -r '.urls[0]'
        # The signed bytes, as nodes keep them
        plasmd dht get /phase/stable/x86_64/manifest --raw
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> key = DhtCommandOptions.Key();
        Option<bool> raw = new("--raw") { Description = "Print the signed value as it is kept." };
        DhtCommandOptions options = new(TimeSpan.FromSeconds(10), "How long to look.");
        var command = new PlasmdCommand("get", "Get the pointer to a release's manifest from the DHT.", Examples) { key, raw };
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DhtKeyText wanted = DhtKeyText.TryParse(parsed.GetValue(key)!, out DhtKeyText? found)
                ? found
                : throw new InvalidOperationException("The key was checked.");
            byte[]? value =
                await options.AskAsync(parsed, context, (client, token) => client.Dht.GetValueAsync(wanted.Key, token), cancellationToken);
            if (value is null || !ManifestPointer.TryRead(value, out ManifestPointer? pointer, out _))
            {
                throw new CommandException(ExitCode.NotReachable, $"The DHT has no value at {SingleLine.Of(wanted.Key)} now.");
            }

            if (parsed.GetValue(raw))
            {
                context.Output.WriteLine(Encoding.UTF8.GetString(value));
            }
            else if (options.WantsJson(parsed))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(FoundPointer.Of(pointer), DhtJson.Default.FoundPointer));
            }
            else
            {
                Write(FoundPointer.Of(pointer), context);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(FoundPointer pointer, CommandContext context)
    {
        TextWriter output = context.Output;
        output.WriteLine($"key:      {pointer.Key}");
        output.WriteLine($"release:  {pointer.Release?.ToString(CultureInfo.InvariantCulture) ?? "-"}");
        output.WriteLine($"manifest: {pointer.Manifest}");
        foreach (string url in pointer.Urls)
        {
            output.WriteLine($"url:      {SingleLine.Of(url)}");
        }

        output.WriteLine($"node:     {pointer.Node}");
        output.WriteLine($"peer:     {pointer.PeerId}");
        output.WriteLine($"expires:  {pointer.Expires}");
    }
}
