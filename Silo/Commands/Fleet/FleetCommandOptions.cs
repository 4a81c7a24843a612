using System.CommandLine;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands.Neighbours;
using PhaseMesh.Silo.Commands.Providers;
using PhaseMesh.Silo.Configuration;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Fleet;

/// <summary>How commands reach a fleet, sign, and print what it says.</summary>
internal sealed class FleetCommandOptions
{
    public const string OperatorKeyFile = "operator.key";
    public const string OperatorKeyVariable = "PLASM_OPERATOR_KEY";

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(2);

    private readonly Option<string?> _key = CommandOptions.Checked(
        new Option<string?>("--key", "-k")
        {
            HelpName = "FILE",
            Description = $"The operator's private key. Default: {OperatorKeyVariable}, or {OperatorKeyFile} in the state directory.",
        },
        ProviderSettings.ArtifactsDirectory);

    private readonly Option<string?> _config = CommandOptions.Config();

    private readonly Option<string?> _timeout = CommandOptions.Checked(
        new Option<string?>("--timeout") { HelpName = "TIME", Description = "How long to wait for one silo. Default: 10s." },
        text => BrowseTimeText.TryParse(text, out _),
        BrowseTimeText.Rule);

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, as the API says it (docs/wire/fleet-api.md)." };
    private readonly Option<bool> _watch = new("--watch", "-w") { Description = "Print it again every 2 s, until Ctrl-C." };

    public Option<string[]> Fleet { get; } = CommandOptions.Checked(
        new Option<string[]>("--fleet")
        {
            HelpName = "URL",
            Description = "A silo; may be repeated. Default: the configured ones (PLASM_FLEET), else the plasmd of this machine.",
        },
        ProviderSettings.FleetUrl);

    public void AddTo(Command command, bool canWatch = false, bool hasJson = true)
    {
        command.Add(Fleet);
        command.Add(_key);
        command.Add(_config);
        command.Add(_timeout);
        if (hasJson)
        {
            command.Add(_json);
        }

        if (canWatch)
        {
            command.Add(_watch);
        }
    }

    /// <summary>Only those that a command with options of its own lacks.</summary>
    public void AddKeyAndWatchTo(Command command)
    {
        command.Add(Fleet);
        command.Add(_key);
        command.Add(_watch);
    }

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>The caller disposes of it.</summary>
    /// <exception cref="CommandException">File or environment are wrong, or the key can't be read.</exception>
    public FleetSession Open(ParseResult parsed, CommandContext context)
    {
        ProviderConfiguration configuration = ProviderConfiguration.Load(
            new ProviderFlags { ConfigPath = parsed.GetValue(_config), Fleet = parsed.GetValue(Fleet) ?? [] }, context.Host);
        if (configuration.Problems.Count > 0)
        {
            throw new CommandException(ExitCode.Configuration, SingleLine.Of(configuration.Problems[0].ToString()));
        }

        IReadOnlyList<Uri> silos = configuration.FleetUrls is { Count: > 0 } given ? given : [ProviderClientOptions.UrlOf(configuration)];
        TimeSpan timeout = parsed.GetValue(_timeout) is { } text && BrowseTimeText.TryParse(text, out TimeSpan time)
            ? time
            : DefaultTimeout;
        return new FleetSession(silos, KeyOf(parsed.GetValue(_key), configuration, context), timeout, context);
    }

    /// <summary>Runs it once, or again and again until Ctrl-C where the user watches.</summary>
    public async Task<int> ShowAsync(ParseResult parsed, CommandContext context, Func<FleetSession, Task> show,
        CancellationToken cancellationToken)
    {
        using FleetSession session = Open(parsed, context);
        bool isWatched = parsed.GetValue(_watch);
        try
        {
            while (true)
            {
                if (isWatched && context.CanDrawOn(context.OutputIsTerminal))
                {
                    context.Output.Write("\u001b[H\u001b[J");
                }

                await show(session);
                if (!isWatched)
                {
                    return ExitCode.Ok;
                }

                await Task.Delay(WatchPeriod, context.Time, cancellationToken);
                context.Output.WriteLine();
            }
        }
        catch (OperationCanceledException) when (isWatched && cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
    }

    private static Ed25519PrivateKey? KeyOf(string? flag, ProviderConfiguration configuration, CommandContext context)
    {
        string? named = flag ?? (context.Host.Variable(OperatorKeyVariable) is { Length: > 0 } variable ? variable : null);
        string path = named ?? Path.Combine(configuration.StateDirectory, OperatorKeyFile);
        return File.Exists(path) ? Ed25519PrivateKey.LoadFile(path)
            : named is null ? null
            : throw new CommandException(ExitCode.Failure,
                $"There is no key file {named}; 'plasmd fleet init --output {named}' makes one.");
    }
}
