using System.Text;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary>What a boot's console said, safe for this terminal.</summary>
internal static class BootLogText
{
    public static async Task WriteAsync(FleetSession session, string boot, CommandContext context, CancellationToken cancellationToken)
    {
        try
        {
            FleetReply reply = await session.Client.SendAsync(HttpMethod.Get, $"{boot}/log", default, cancellationToken);
            if (!reply.IsGood)
            {
                throw new CommandException(ExitCode.FleetRefused, $"The fleet refused ({reply.Slug}): {SingleLine.Of(reply.Detail)}");
            }

            foreach (string line in Encoding.UTF8.GetString(reply.Body.Span).Split('\n'))
            {
                context.Output.WriteLine(SingleLine.Of(line.TrimEnd('\r')));
            }
        }
        catch (FleetUnreachableException failure)
        {
            throw FleetSession.Unreachable(failure);
        }
    }
}
