using System.CommandLine;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary><c>plasmd boot trace</c>: where a boot's time went.</summary>
internal static class BootTraceCommand
{
    public static PlasmdCommand Create(CommandContext context)
    {
        FleetCommandOptions options = new();
        Argument<string> id = new("BOOT") { Description = "The boot's id, 32 hex digits." };
        var command = new PlasmdCommand("trace", "Show where a boot's time went, as a waterfall of its spans.", """
            plasmd boot trace 0123456789abcdef0123456789abcdef
            # For a collector, or a viewer that opens files
            plasmd boot trace 0123456789abcdef0123456789abcdef --json > boot.otlp.json
            """) { id };
        options.AddTo(command, canWatch: true);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            JsonElement trace = await session.GetAsync(
                $"/v1/boots/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}/spans", cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, trace);
            }
            else
            {
                TraceWaterfall.Of(trace).WriteTo(context);
            }
        }, cancellationToken));
        return command;
    }
}
