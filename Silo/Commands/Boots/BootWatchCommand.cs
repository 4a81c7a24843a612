using System.CommandLine;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Progress;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary><c>plasmd boot watch</c>: a line for each thing that happens to boots. A silo that goes away is left for the next.</summary>
internal static class BootWatchCommand
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    public static PlasmdCommand Create(CommandContext context)
    {
        FleetCommandOptions options = new();
        Argument<string?> id = new("BOOT") { Arity = ArgumentArity.ZeroOrOne, Description = "Only this boot; ends when the boot does." };
        Option<string?> channel = CommandOptions.Channel("Of this channel only.");
        Option<string?> arch = CommandOptions.Arch("Of this architecture only.");
        var command = new PlasmdCommand("watch", "Follow boots as they happen, until Ctrl-C.", """
            plasmd boot watch
            # One boot, until it joined or failed
            plasmd boot watch 0123456789abcdef0123456789abcdef
            """) { id, channel, arch };
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using FleetSession session = options.Open(parsed, context);
            string path = $"/v1/boots/stream?{BootCommands.Query("boot", parsed.GetValue(id))}"
                + BootCommands.Query("channel", parsed.GetValue(channel)) + BootCommands.Query("arch", parsed.GetValue(arch));
            try
            {
                bool isOne = parsed.GetValue(id) is not null;
                bool draws = isOne && !options.WantsJson(parsed) && context.CanDrawOn(context.ErrorIsTerminal && context.OutputIsTerminal);
                await using ProgressLine? progress = draws ? ProgressLine.Start(context, "Fetching", 0) : null;
                return await FollowAsync(session, path, isOne, options.WantsJson(parsed), progress, context, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCode.Ok;
            }
        });
        return command;
    }

    private static async Task<int> FollowAsync(
        FleetSession session, string path, bool endsWithBoot, bool isJson, ProgressLine? progress, CommandContext context,
        CancellationToken cancellationToken)
    {
        string? last = null;
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await session.Client.OpenAsync(path, last, cancellationToken);
                if (response.StatusCode != HttpStatusCode.OK)
                {
                    throw new CommandException(ExitCode.FleetRefused,
                        $"The fleet refused to be followed: it answers {(int)response.StatusCode}.");
                }

                await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
                await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync(cancellationToken))
                {
                    last = item.EventId ?? last;
                    using JsonDocument told = JsonDocument.Parse(item.Data);
                    JsonElement boot = told.RootElement.Member("boot") ?? default;
                    Tell(isJson ? item.Data : LineOf(told.RootElement.Text("at"), boot), boot, progress, context);
                    if (endsWithBoot && boot.Text("outcome") is "joined" or "failed" or "lost")
                    {
                        return boot.Text("outcome") is "joined" ? ExitCode.Ok : ExitCode.Failure;
                    }
                }
            }
            catch (FleetUnreachableException failure) when (last is null)
            {
                throw FleetSession.Unreachable(failure);
            }
            catch (Exception failure) when (failure is FleetUnreachableException or IOException or JsonException)
            {
                string problem = $"plasmd: {SingleLine.Of(failure.Message)}; trying again.";
                if (progress is not null)
                {
                    progress.Print(context.Error, problem);
                }
                else
                {
                    context.Error.WriteLine(problem);
                }
            }

            await Task.Delay(RetryAfter, context.Time, cancellationToken);
        }
    }

    /// <summary>How far a download is, is drawn in place where that can be; all else has a line of its own.</summary>
    private static void Tell(string line, JsonElement boot, ProgressLine? progress, CommandContext context)
    {
        if (progress is null)
        {
            context.Output.WriteLine(line);
            return;
        }

        bool isFetching = boot.Text("phase") is "fetching";
        progress.Report(boot.Number("bytes_fetched"), isFetching ? boot.Number("bytes_total") : 0);
        if (boot.Text("what") is not "progress")
        {
            progress.Print(context.Output, line);
        }
    }

    private static string LineOf(string? at, JsonElement boot)
    {
        string what = boot.Text("what") switch
        {
            "progress" or "fetching" when boot.Number("bytes_total") > 0 =>
                $"{boot.Text("what")} {HumanSize.Of(boot.Number("bytes_fetched"))} of {HumanSize.Of(boot.Number("bytes_total"))}",
            "failed" or "lost" => $"{boot.Text("what")}: {boot.Text("reason")}",
            "enrolled" => $"enrolled as {JsonText.Short(boot.Peer("provider"))}",
            var other => other ?? "",
        };
        return SingleLine.Of(
            $"{at} {boot.Text("boot_id")} {boot.Text("channel")}/{boot.Text("arch")} {boot.Text("machine_id") ?? "-"} {what}");
    }
}
