using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Channels;

/// <summary><c>plasmd channel list, history, rollout, trust</c>.</summary>
internal static class ChannelCommands
{
    public static PlasmdCommand List(CommandContext context)
    {
        FleetCommandOptions options = new();
        var command = new PlasmdCommand("list", "List the release channels.", "plasmd channel list --fleet http://silo1:8080");
        options.AddTo(command, canWatch: true);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            IReadOnlyList<JsonElement> channels = await session.ListAsync("/v1/channels?limit=1000", "channels", 10_000, cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, channels);
                return;
            }

            var table = new TableText("CHANNEL", "RELEASE", "VERSION", "ROLLOUT", "OTHERS GET", "PUBLISHED", "MANIFEST");
            foreach (JsonElement channel in channels)
            {
                JsonElement current = channel.Member("current") ?? default;
                table.Add(
                    $"{channel.Text("channel")}/{channel.Text("arch")}", current.Text("release"), current.Text("version"),
                    RolloutText(channel.Member("rollout") ?? default), (channel.Member("settled") ?? default).Text("release"),
                    current.Ago("published_at", context.Time), current.Text("manifest"));
            }

            table.WriteTo(context);
        }, cancellationToken));
        return command;
    }

    public static PlasmdCommand History(CommandContext context)
    {
        FleetCommandOptions options = new();
        Argument<string> channel = ChannelArguments.Channel();
        var command = new PlasmdCommand("history", "List a channel's releases, newest first.",
            "plasmd channel history stable/x86_64") { channel };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            JsonElement history =
                await session.GetAsync(ChannelArguments.PathOf(parsed.GetRequiredValue(channel)) + "/history", cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, [.. history.Items("releases")]);
                return;
            }

            var table = new TableText("RELEASE", "VERSION", "ORIGIN", "PUBLISHED", "BY", "MANIFEST");
            foreach (JsonElement release in history.Items("releases"))
            {
                table.Add(
                    release.Text("release"), release.Text("version"),
                    release.Text("repeats") is { } repeats ? $"{release.Text("origin")} ({repeats})" : release.Text("origin"),
                    release.Text("published_at"),
                    JsonText.Short(release.Text("published_by")), release.Text("manifest"));
            }

            table.WriteTo(context);
        }, cancellationToken));
        return command;
    }

    public static PlasmdCommand Rollout(CommandContext context)
    {
        FleetCommandOptions options = new();
        Argument<string> channel = ChannelArguments.Channel();
        Option<string?> percent = ChannelArguments.Percent("How many machines get the newest release.");
        var pause = new Option<bool>("--pause") { Description = "Nobody more gets it." };
        var resume = new Option<bool>("--resume") { Description = "Go on after a pause or a halt; boots are counted anew." };
        Option<string?> rate = CommandOptions.Checked(
            new Option<string?>("--halt-failure-rate")
            {
                HelpName = "RATE",
                Description = "Halt above this rate of failed boots, 0 to 1; 1 never halts.",
            },
            text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value is >= 0 and <= 1, "0 to 1");
        var command = new PlasmdCommand("rollout", "Show or change how many machines get a channel's newest release.", """
            plasmd channel rollout stable/x86_64
            plasmd channel rollout stable/x86_64 --percent 50
            plasmd channel rollout stable/x86_64 --pause
            """) { channel, percent, pause, resume, rate };
        command.Validators.Add(result =>
        {
            if (result.GetValue(pause) && result.GetValue(resume))
            {
                result.AddError("--pause and --resume contradict each other; give one.");
            }
        });
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            JsonObject change = [];
            if (parsed.GetValue(percent) is { } share)
            {
                change["percent"] = int.Parse(share, CultureInfo.InvariantCulture);
            }

            if (parsed.GetValue(pause) || parsed.GetValue(resume))
            {
                change["paused"] = parsed.GetValue(pause);
            }

            if (parsed.GetValue(rate) is { } limit)
            {
                change["halt_failure_rate"] = double.Parse(limit, CultureInfo.InvariantCulture);
            }

            string path = ChannelArguments.PathOf(parsed.GetRequiredValue(channel));
            JsonElement rollout = change.Count > 0
                ? await session.ChangeAsync(HttpMethod.Put, path + "/rollout", change, cancellationToken)
                : (await session.GetAsync(path, cancellationToken)).Member("rollout") ?? default;
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, rollout);
            }
            else
            {
                context.Output.WriteLine(
                    SingleLine.Of($"{parsed.GetRequiredValue(channel)}: release {rollout.Text("release")}: {RolloutText(rollout)}"));
            }
        }, cancellationToken));
        return command;
    }

    public static PlasmdCommand Trust(CommandContext context)
    {
        FleetCommandOptions options = new();
        Argument<string> channel = ChannelArguments.Channel();
        Option<string[]> trust =
            CommandOptions.Trust("A release key, an id or a file; may be repeated. None: the keys configured on the silos.");
        var threshold = new Option<int?>("--threshold") { HelpName = "N", Description = "How many of them must have signed. Default: 1." };
        var command = new PlasmdCommand("trust", "Set whose signatures count in a channel.",
            "plasmd channel trust stable/x86_64 --trust release.pub")
        {
            channel, trust, threshold,
        };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            JsonElement answer = await session.ChangeAsync(
                HttpMethod.Put, ChannelArguments.PathOf(parsed.GetRequiredValue(channel)) + "/trust",
                new JsonObject
                {
                    ["keys"] = new JsonArray(
                        [.. (parsed.GetValue(trust) ?? []).Select(key => (JsonNode)TrustedKeys.Read(key, ExitCode.Usage).KeyId)]),
                    ["threshold"] = parsed.GetValue(threshold) ?? 1,
                }, cancellationToken);
            FleetSession.Print(context, answer);
        }, cancellationToken));
        return command;
    }

    public static string RolloutText(JsonElement rollout) =>
        rollout.Is("is_halted") ? $"halted at {rollout.Text("percent")} %: {rollout.Text("halt_reason")}"
        : rollout.Is("is_paused") ? $"paused at {rollout.Text("percent")} %"
        : $"{rollout.Text("percent")} %";
}
