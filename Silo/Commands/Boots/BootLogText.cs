using System.Text;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary>What a boot's console said, safe for this terminal.</summary>
internal static class BootLogText
{
    public static async Task WriteAsync(FleetSession session, string boot, CommandContext context, CancellationToken cancellationToken)
    {
        foreach (string line in (await ReadAsync(session, boot, cancellationToken)).Split('\n'))
        {
            context.Output.WriteLine(SingleLine.Of(line.TrimEnd('\r')));
        }
    }

    /// <param name="boot">The boot's path in the API.</param>
    /// <exception cref="CommandException">The fleet refuses, or nobody answers.</exception>
    public static async Task<string> ReadAsync(FleetSession session, string boot, CancellationToken cancellationToken)
    {
        try
        {
            FleetReply reply = await session.Client.SendAsync(HttpMethod.Get, $"{boot}/log", default, cancellationToken);
            return reply.IsGood
                ? Encoding.UTF8.GetString(reply.Body.Span)
                : throw new CommandException(ExitCode.FleetRefused, $"The fleet refused ({reply.Slug}): {SingleLine.Of(reply.Detail)}");
        }
        catch (FleetUnreachableException failure)
        {
            throw FleetSession.Unreachable(failure);
        }
    }
}
