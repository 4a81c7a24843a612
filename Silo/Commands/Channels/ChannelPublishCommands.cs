using System.CommandLine;
using System.Text.Json;
using PhaseMesh.Manifests;
using PhaseMesh.Silo.Commands.Boots;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Manifests;

namespace PhaseMesh.Silo.Commands.Channels;

/// <summary><c>plasmd channel publish, promote, rollback</c>: a signed manifest becomes a channel's newest release.</summary>
internal static class ChannelPublishCommands
{
    public static PlasmdCommand Publish(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The signed manifest; - is standard input." };
        return Create(context, "publish", "Publish a signed manifest.", """
            plasmd manifest generate -a /srv/boot --channel stable --arch x86_64 -o manifest.json --sign --key release.key
            plasmd channel publish stable/x86_64 manifest.json
            # To a tenth of the machines at first
            plasmd channel publish stable/x86_64 manifest.json --percent 10
            """, file, [], (_, _, _) => throw new InvalidOperationException("FILE is required."), _ => "");
    }

    public static PlasmdCommand Promote(CommandContext context)
    {
        Option<string> from = CommandOptions.Checked(
            new Option<string>("--from") { HelpName = "CHANNEL", Required = true, Description = "Whose newest release, such as testing." },
            text => Configuration.ProviderSettings.Channel.IsValid(text), Configuration.ProviderSettings.Channel.Rule);
        from.CompletionSources.Add("testing", "stable");
        Option<string[]> sign = ChannelArguments.Sign();
        return Create(context, "promote", "Publish what another channel has.", """
            # Makes and signs the manifest for stable from that of testing
            plasmd channel promote stable/x86_64 --from testing --sign release.key --percent 10
            """, OptionalFile(), [from, sign],
            async (session, parsed, cancellationToken) =>
            {
                (string target, string source) = (parsed.GetRequiredValue<string>("CHANNEL"), parsed.GetRequiredValue(from));
                JsonElement channel =
                    await session.GetAsync(ChannelArguments.PathOf($"{source}/{target.Split('/')[1]}"), cancellationToken);
                return await RepeatedRelease.MakeAsync(
                    session, target, (channel.Member("current") ?? default).Text("manifest") ?? "", parsed.GetValue(sign) ?? [], context,
                    cancellationToken);
            },
            parsed => $"&from={Uri.EscapeDataString(parsed.GetRequiredValue(from))}");
    }

    public static PlasmdCommand Rollback(CommandContext context)
    {
        var to = new Option<long?>("--to")
        {
            HelpName = "RELEASE",
            Description = "Which earlier release to repeat. Default: the one before the newest.",
        };
        Option<string[]> sign = ChannelArguments.Sign();
        return Create(context, "rollback", "Publish an earlier release again, under a new number.", """
            plasmd channel history stable/x86_64
            plasmd channel rollback stable/x86_64 --to 41 --sign release.key
            """, OptionalFile(), [to, sign],
            async (session, parsed, cancellationToken) =>
            {
                string target = parsed.GetRequiredValue<string>("CHANNEL");
                JsonElement history = await session.GetAsync(ChannelArguments.PathOf(target) + "/history", cancellationToken);
                JsonElement[] earlier = [.. history.Items("releases").Skip(1)];
                JsonElement release =
                    earlier.FirstOrDefault(one => parsed.GetValue(to) is not { } wanted || one.Number("release") == wanted);
                return release.ValueKind == JsonValueKind.Undefined
                    ? throw new CommandException(ExitCode.FleetRefused,
                        $"{target} remembers no such earlier release; see 'plasmd channel history {target}'.")
                    : await RepeatedRelease.MakeAsync(
                        session, target, release.Text("manifest") ?? "", parsed.GetValue(sign) ?? [], context, cancellationToken);
            },
            _ => "");
    }

    private static Argument<string> OptionalFile() => new("FILE")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The signed manifest; - is standard input. Without it: --sign.",
        DefaultValueFactory = _ => "",
    };

    private static PlasmdCommand Create(
        CommandContext context, string name, string description, string examples, Argument<string> file, IReadOnlyList<Option> extra,
        Func<FleetSession, ParseResult, CancellationToken, Task<BootManifest>> make, Func<ParseResult, string> query)
    {
        FleetCommandOptions options = new();
        Argument<string> channel = ChannelArguments.Channel();
        Option<string?> percent = ChannelArguments.Percent("How many machines get it at first. Default: 100.");
        var command = new PlasmdCommand(name, description, examples) { channel, file, percent };
        foreach (Option option in extra)
        {
            command.Add(option);
        }

        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            BootManifest manifest = parsed.GetValue(file) is { Length: > 0 } path
                ? await ManifestFile.ReadAsync(path, ExitCode.Refused, cancellationToken)
                : await make(session, parsed, cancellationToken);
            string target = ChannelArguments.PathOf(parsed.GetRequiredValue(channel));
            string given = BootCommands.Query("percent", parsed.GetValue(percent)) + query(parsed);
            string asked = given.Length > 0 ? $"?{given[1..]}" : "";
            JsonElement release = await session.ChangeAsync(
                HttpMethod.Post, $"{target}/{name}{asked}", manifest.RawBytes, cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, release);
            }
            else
            {
                context.Output.WriteLine(SingleLine.Of(
                    $"{parsed.GetRequiredValue(channel)}: release {release.Text("release")}, {release.Text("version")}, "
                    + release.Text("manifest")));
            }
        }, cancellationToken));
        return command;
    }
}
