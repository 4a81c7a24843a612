using System.CommandLine;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Silo.Commands.Neighbours;
using PhaseMesh.Silo.Commands.Progress;
using PhaseMesh.Silo.Commands.Providers;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary>How commands get into the DHT and print what they find.</summary>
internal sealed class DhtCommandOptions
{
    private readonly TimeSpan _defaultTime;
    private readonly Option<string[]> _bootstrap = CommandOptions.Bootstrap();
    private readonly Option<string?> _peersFile = CommandOptions.PeersFile();
    private readonly Option<string?> _config = CommandOptions.Config();
    private readonly Option<string?> _timeout;
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON (docs/cli.md)." };

    public DhtCommandOptions(TimeSpan defaultTime, string timeoutDescription)
    {
        _defaultTime = defaultTime;
        _timeout = CommandOptions.Checked(
            new Option<string?>("--timeout")
            {
                HelpName = "TIME",
                Description = $"{timeoutDescription} Default: {defaultTime.TotalSeconds:0}s.",
            },
            text => BrowseTimeText.TryParse(text, out _),
            BrowseTimeText.Rule);
    }

    public static Argument<string> Key()
    {
        Argument<string> key = new("KEY") { Description = DhtKeyText.Rule + "." };
        key.CompletionSources.Add("stable/x86_64", "stable/arm64", "testing/x86_64", "testing/arm64");
        key.Validators.Add(result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value).Where(value => !DhtKeyText.TryParse(value, out _)))
            {
                result.AddError($"KEY is '{value}': expected {DhtKeyText.Rule}.");
            }
        });
        return key;
    }

    public void AddTo(Command command)
    {
        command.Add(_bootstrap);
        command.Add(_peersFile);
        command.Add(_config);
        command.Add(_timeout);
        command.Add(_json);
    }

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json);

    public TimeSpan Time(ParseResult parsed) =>
        parsed.GetValue(_timeout) is { } text && BrowseTimeText.TryParse(text, out TimeSpan given) ? given : _defaultTime;

    /// <exception cref="CommandException">There is something wrong in file or environment.</exception>
    public ProviderConfiguration Configuration(ParseResult parsed, CommandContext context)
    {
        ProviderConfiguration configuration = ProviderConfiguration.Load(
            new ProviderFlags
            {
                ConfigPath = parsed.GetValue(_config),
                Bootstrap = parsed.GetValue(_bootstrap) ?? [],
                PeersFile = parsed.GetValue(_peersFile),
            },
            context.Host);
        if (configuration.Problems.Count > 0)
        {
            foreach (ConfigurationProblem problem in configuration.Problems.SkipLast(1))
            {
                context.Error.WriteLine($"plasmd: {SingleLine.Of(problem.ToString())}");
            }

            throw new CommandException(ExitCode.Configuration, SingleLine.Of(configuration.Problems[^1].ToString()));
        }

        return configuration;
    }

    /// <summary>Joins as a client and asks; what is asked has what is left of the time.</summary>
    /// <exception cref="CommandException">Nobody is known, answers, or answers in time.</exception>
    public async Task<T> AskAsync<T>(
        ParseResult parsed, CommandContext context, Func<DhtClient, CancellationToken, Task<T>> ask, CancellationToken cancellationToken,
        bool showsProgress = true)
    {
        ProviderConfiguration configuration = Configuration(parsed, context);
        TimeSpan time = Time(parsed);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource passed = new(time, context.Time);
        using CancellationTokenRegistration link = passed.Token.Register(limit.Cancel);
        try
        {
            IReadOnlyList<Multiaddr> peers = await PeersAsync(configuration, time, limit.Token)
                ?? throw new CommandException(
                    ExitCode.NotReachable,
                    "No peer of the DHT is known, and no plasmd with a DHT answers on this machine; give one with --bootstrap, --peers-file or "
                    + "PLASM_BOOTSTRAP.");
            await using ProgressLine? progress = showsProgress ? ProgressLine.Wait(context, "Asking the DHT", time) : null;
            await using DhtClient client = await DhtClient.StartAsync(peers, context.Time, limit.Token);
            await client.JoinAsync(limit.Token);
            return await ask(client, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(
                ExitCode.NotReachable, $"No answer from the DHT within {time.TotalSeconds:0.###} s; is its peer under load? See --timeout.");
        }
    }

    /// <summary>Those configured; without any, the plasmd of this machine, whose status names its addresses. Null when there is none.</summary>
    public static async Task<IReadOnlyList<Multiaddr>?> PeersAsync(
        ProviderConfiguration configuration, TimeSpan time, CancellationToken cancellationToken)
    {
        List<Multiaddr> peers = [.. configuration.Bootstrap, .. configuration.PeersFile is { } file ? PeersFile.Read(file) : []];
        if (peers.Count > 0)
        {
            return peers;
        }

        try
        {
            ProviderStatus status = await ProviderClient.GetStatusAsync(ProviderClientOptions.UrlOf(configuration), time, cancellationToken);
            peers.AddRange((status.Libp2p?.Addresses ?? [])
                .Select(text => PeerAddress.TryParse(text, out Multiaddr? peer) ? peer : null).OfType<Multiaddr>());
        }
        catch (CommandException)
        {
            return null; // No plasmd here: what the caller says covers it.
        }

        return peers.Count > 0 ? peers : null;
    }
}
