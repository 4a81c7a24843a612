using System.CommandLine;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary><c>plasmd top</c>: the fleet at a terminal, as it happens.</summary>
internal static class TopCommand
{
    /// <summary>Where there is no terminal, a frame has this size, and as many rows as there are lines, but not more than this.</summary>
    private const int PlainColumns = 132;
    private const int MostPlainRows = 200;

    public static PlasmdCommand Create(CommandContext context)
    {
        FleetCommandOptions options = new();
        Option<string[]> gateway = CommandOptions.Checked(
            new Option<string[]>("--gateway", "-g") { HelpName = "URL", Description = "A gateway to show among the silos; may be repeated." },
            text => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url is { Scheme: "http" or "https", PathAndQuery: "/" },
            "a URL without a path, such as http://127.0.0.1:8081");
        var pane = new Option<TopPane>("--pane") { HelpName = "PANE", Description = "What to begin with: boots, providers, channels, silos." };
        var once = new Option<bool>("--once") { Description = "Print how it is now and end, as where there is no terminal." };
        var command = new PlasmdCommand("top", "Show the fleet's boots, providers, channels and silos as they change.", """
            plasmd top --fleet http://silo1:8080 --fleet http://silo2:8080
            # With a gateway, and who carries how much first
            plasmd top --gateway http://gateway:8081 --pane providers
            # One look, for a report
            plasmd top --once > fleet.txt
            """) { gateway, pane, once };
        options.AddTo(command, hasJson: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using FleetSession session = options.Open(parsed, context);
            using TopGateways gateways = new([.. (parsed.GetValue(gateway) ?? []).Select(url => new Uri(url))]);
            TopModel model = new(context.Time);
            TopFeed feed = new(session, gateways, model, context.Time);
            TopView view = new() { Pane = parsed.GetValue(pane) };
            await feed.AskAsync(cancellationToken); // What is wrong from the start is an error, not a screen without news.
            bool isDrawn = context.OutputIsTerminal && context.Host.Variable("TERM") is not ("dumb" or null or "") && !parsed.GetValue(once);
            if (!isDrawn)
            {
                Print(model, view, context);
                return ExitCode.Ok;
            }

            try
            {
                using ITopTerminal terminal = context.OpenTerminal();
                await new TopRun(model, feed, terminal, string.IsNullOrEmpty(context.Host.Variable("NO_COLOR")), context.Time)
                    .RunAsync(view, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCode.Ok;
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(TopModel model, TopView view, CommandContext context)
    {
        TopFrame frame = TopFrame.Render(model, view, new TerminalSize(PlainColumns, MostPlainRows), context.Time.GetUtcNow());
        List<string> lines = [.. frame.Lines.SkipLast(1).Select(line => line.Text.TrimEnd())];
        foreach (string line in lines[..(lines.FindLastIndex(line => line.Length > 0) + 1)])
        {
            context.Output.WriteLine(line);
        }
    }
}
