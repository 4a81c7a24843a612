using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using PhaseMesh.Silo.Commands.Boots;
using PhaseMesh.Silo.Commands.Channels;
using PhaseMesh.Silo.Commands.Cluster;
using PhaseMesh.Silo.Commands.Completion;
using PhaseMesh.Silo.Commands.Dht;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Keys;
using PhaseMesh.Silo.Commands.Manifests;
using PhaseMesh.Silo.Commands.Neighbours;
using PhaseMesh.Silo.Commands.Providers;
using PhaseMesh.Silo.Commands.Routes;
using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Commands;

/// <summary>plasmd's commands, and how a run of one ends.</summary>
internal static class PlasmdCommandLine
{
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandContext context, CancellationToken cancellationToken)
    {
        ParseResult parsed = Build(context).Parse(arguments);
        var invocation = new InvocationConfiguration
        {
            Output = context.Output,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // Program.cs handles the signals: a provider may take its grace period.
        };
        if (parsed.Action is ParseErrorAction || (parsed.Errors.Count > 0 && parsed.Action is null))
        {
            UsageErrors.Write(parsed, context.Error);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (CommandException failure)
        {
            context.Error.WriteLine($"plasmd: {failure.Message}");
            return failure.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            context.Error.WriteLine("plasmd: Interrupted; no output was written.");
            return ExitCode.Interrupted;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            context.Error.WriteLine($"plasmd: {SingleLine.Of(failure.Message)}");
            return ExitCode.Failure;
        }
    }

    /// <summary>The tree of commands; docs/cli.md describes all of it, which a test compares.</summary>
    public static RootCommand Build(CommandContext context)
    {
        var root = new RootCommand("Serves signed boot artifacts (kernel, initramfs, rootfs) to machines that boot from the network.")
        {
            ServeCommand.Create(context),
            new Command("manifest", "Generate, sign and verify boot manifests.")
            {
                ManifestGenerateCommand.Create(context),
                ManifestSignCommand.Create(context),
                ManifestVerifyCommand.Create(context),
            },
            new Command("key", "Make and show signing keys.")
            {
                KeyGenerateCommand.Create(context),
                KeyShowCommand.Create(context),
            },
            new Command("provider", "Look at providers: this one, and those in reach.")
            {
                ProviderStatusCommand.Create(context),
                ProviderListCommand.Create(context),
                ProviderArtifactsCommand.Create(context),
                ProviderActionCommands.Drain(context),
                ProviderActionCommands.Approve(context),
                ProviderActionCommands.Quarantine(context),
                ProviderActionCommands.Release(context),
                ProviderActionCommands.Weight(context),
            },
            new Command("channel", "Publish releases to the fleet, and stage them.")
            {
                ChannelCommands.List(context),
                ChannelCommands.History(context),
                ChannelPublishCommands.Publish(context),
                ChannelPublishCommands.Promote(context),
                ChannelPublishCommands.Rollback(context),
                ChannelCommands.Rollout(context),
                ChannelCommands.Trust(context),
            },
            new Command("boot", "Look at the boots of the fleet.")
            {
                BootCommands.List(context),
                BootCommands.Show(context),
                BootTraceCommand.Create(context),
                BootWatchCommand.Create(context),
            },
            new Command("cluster", "Look at the silos.")
            {
                ClusterStatusCommand.Create(context),
            },
            FleetCommands.Create(context),
            new Command("route", "Look at a gateway's choices.")
            {
                RouteExplainCommand.Create(context),
            },
            new Command("mdns", "Look at the neighbourhood.")
            {
                MdnsBrowseCommand.Create(context),
            },
            new Command("dht", "Look at the DHT.")
            {
                DhtFindCommand.Create(context),
                DhtGetCommand.Create(context),
                DhtPeersCommand.Create(context),
                DhtBenchCommand.Create(context),
            },
            TopCommand.Create(context),
            CompletionCommand.Create(context),
        };
        foreach (Option option in root.Options)
        {
            switch (option)
            {
                case HelpOption { Action: HelpAction usual }:
                    option.Action = new HelpWithExamples(usual);
                    option.Aliases.Clear(); // Its Windows spellings would only be noise in completions.
                    option.Aliases.Add("-h");
                    option.Description = "Show this help.";
                    break;
                case VersionOption:
                    option.Action = new VersionAction();
                    option.Description = "Show the version.";
                    break;
            }
        }

        foreach (SuggestDirective directive in root.Directives.OfType<SuggestDirective>())
        {
            directive.Action = new SuggestAction(directive);
        }

        return root;
    }
}
