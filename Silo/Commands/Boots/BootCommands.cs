using System.CommandLine;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary><c>plasmd boot list</c> and <c>show</c>.</summary>
internal static class BootCommands
{
    private static readonly string[] States =
        ["running", "joined", "failed", "lost", "stuck", "created", "discovered", "manifest", "fetching", "verified", "kexec"];

    public static PlasmdCommand List(CommandContext context)
    {
        FleetCommandOptions options = new();
        var state = new Option<string?>("--state")
        {
            HelpName = "STATE",
            Description = "How it ended, running, stuck, or the phase it is in.",
        };
        state.AcceptOnlyFromAmong(States);
        Option<string?> channel = CommandOptions.Channel("Of this channel only.");
        Option<string?> arch = CommandOptions.Arch("Of this architecture only.");
        var machine = new Option<string?>("--machine") { HelpName = "ID", Description = "Of this machine only." };
        Option<string?> limit = CommandOptions.Checked(
            new Option<string?>("--limit") { HelpName = "N", Description = "The newest so many. Default: 50." },
            text => int.TryParse(text, out int count) && count is >= 1 and <= 100_000, "1 to 100000");
        var command = new PlasmdCommand("list", "List boots, newest first.", """
            plasmd boot list
            # What hangs now
            plasmd boot list --state stuck
            # Why boots of testing failed
            plasmd boot list --channel testing --state failed --json | jq -r '.[].reason' | sort | uniq -c
            """) { state, channel, arch, machine, limit };
        options.AddTo(command, canWatch: true);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            int most = int.TryParse(parsed.GetValue(limit), out int given) ? given : 50;
            string path = $"/v1/boots?limit={Math.Min(most, 1000)}{Query("state", parsed.GetValue(state))}"
                + $"{Query("channel", parsed.GetValue(channel))}{Query("arch", parsed.GetValue(arch))}"
                + Query("machine", parsed.GetValue(machine));
            IReadOnlyList<JsonElement> boots = await session.ListAsync(path, "boots", most, cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, boots);
            }
            else
            {
                Write(boots, context);
            }
        }, cancellationToken));
        return command;
    }

    public static PlasmdCommand Show(CommandContext context)
    {
        FleetCommandOptions options = new();
        Argument<string> id = new("BOOT") { Description = "The boot's id, 32 hex digits." };
        var log = new Option<bool>("--log") { Description = "Show what its console said, and nothing else." };
        var command = new PlasmdCommand("show", "Show a boot with the time of each phase, and what to do about one that failed.",
            "plasmd boot show 0123456789abcdef0123456789abcdef") { id, log };
        options.AddTo(command, canWatch: true);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            string path = $"/v1/boots/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}";
            if (parsed.GetValue(log))
            {
                await BootLogText.WriteAsync(session, path, context, cancellationToken);
                return;
            }

            JsonElement boot = await session.GetAsync(path, cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, boot);
                return;
            }

            Write(boot, context);
            if (BootText.IsTrouble(boot))
            {
                context.Output.WriteLine();
                foreach (string line in BootText.Explanation(boot, await BootLogText.ReadAsync(session, path, cancellationToken)))
                {
                    context.Output.WriteLine(line);
                }
            }
        }, cancellationToken));
        return command;
    }

    public static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static void Write(IReadOnlyList<JsonElement> boots, CommandContext context)
    {
        if (boots.Count == 0)
        {
            context.Output.WriteLine("No boots.");
            return;
        }

        var table = new TableText("BOOT", "STATE", "CHANNEL", "RELEASE", "MACHINE", "FETCHED", "TOOK", "AGO", "PROVIDER");
        foreach (JsonElement boot in boots)
        {
            table.Add(
                boot.Text("boot_id"), BootText.StateOf(boot), $"{boot.Text("channel")}/{boot.Text("arch")}", boot.Text("release"),
                boot.Text("machine_id"), boot.Number("bytes_total") > 0 ? HumanSize.Of(boot.Number("bytes_fetched")) : null, BootText.Took(boot),
                boot.Ago("created_at", context.Time),
                JsonText.Short(boot.Peer("provider")));
        }

        table.WriteTo(context);
    }

    private static void Write(JsonElement boot, CommandContext context)
    {
        foreach (string fact in BootText.Facts(boot))
        {
            context.Output.WriteLine(fact);
        }

        context.Output.WriteLine();
        var table = new TableText("PHASE", "AT", "SINCE CREATED", "HEARD");
        foreach (string?[] phase in BootText.Phases(boot))
        {
            table.Add(phase);
        }

        table.WriteTo(context);
    }
}
