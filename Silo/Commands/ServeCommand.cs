using System.CommandLine;
using System.Globalization;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands;

/// <summary><c>plasmd serve</c>: the provider itself.</summary>
internal static class ServeCommand
{
    private const string Examples = """
        # The artifacts of one channel and architecture
        plasmd serve --artifacts /srv/boot --channel stable --arch x86_64 --port 8080
        # Two architectures, from /srv/boot/stable/x86_64 and /srv/boot/stable/arm64
        plasmd serve -a /srv/boot --arch x86_64 --arch arm64
        # All that the configuration file says
        plasmd serve --config /etc/plasm/provider.toml
        # A silo: hosts the fleet's channels, providers and boots, and takes their calls on the same port
        plasmd serve --cluster-database postgres://phasemesh@db/phasemesh --silo-name silo1
        # Found from anywhere: joins the DHT by a peer that is known
        plasmd serve -a /srv/boot --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf
        """;

    public static Command Create(CommandContext context)
    {
        Option<string?> artifacts = CommandOptions.Artifacts("The directory with the boot artifacts (PLASM_ARTIFACTS_DIR).");
        Option<string?> channel = CommandOptions.Channel(
            $"Serve this channel only. Default: all of the file, or {ProviderConfiguration.DefaultChannel} (PLASM_CHANNEL).");
        Option<string[]> archs =
            CommandOptions.Archs("An architecture to serve; may be repeated. Default: the file's, or this machine's (PLASM_ARCH).");
        Option<string?> port = CommandOptions.Checked(
            new Option<string?>("--port", "-p")
            {
                HelpName = "N",
                Description = "The TCP port; 0 is any free one. Default: 8080 (PLASM_PORT).",
            },
            ProviderSettings.Port);
        Option<string?> bind = CommandOptions.Checked(
            new Option<string?>("--bind")
            {
                HelpName = "ADDRESS",
                Description = "The address to listen on. Default: every one, IPv4 and IPv6 (PLASM_BIND).",
            },
            ProviderSettings.Bind);
        Option<string?> config = CommandOptions.Config();
        Option<string?> state = CommandOptions.StateDirectory();
        Option<string[]> trust = CommandOptions.Trust(
            "Serve only releases signed by this key, an id or a file; may be repeated. Default: any key (PLASM_TRUST).");
        Option<string?> mode = CommandOptions.Mode();
        Option<string[]> bootstrap = CommandOptions.Bootstrap();
        Option<string?> peersFile = CommandOptions.PeersFile();
        Option<string?> dhtPort = CommandOptions.Checked(
            new Option<string?>("--dht-port")
            {
                HelpName = "N",
                Description = "The TCP port of libp2p; 0 is any free one. Default: 4001 (PLASM_DHT_PORT).",
            },
            ProviderSettings.DhtPort);
        Option<string?> database = CommandOptions.Checked(
            new Option<string?>("--cluster-database")
            {
                HelpName = "DATABASE",
                Description = "Be a silo on this database: postgres://..., or sqlite:PATH for one machine (PLASM_CLUSTER_DATABASE).",
            },
            ProviderSettings.Database);
        Option<string?> siloName = CommandOptions.Checked(
            new Option<string?>("--silo-name")
            {
                HelpName = "NAME",
                Description = "The silo's name, unique in its cluster. Default: the machine's (PLASM_SILO_NAME).",
            },
            ProviderSettings.SiloName);
        Option<string[]> fleet = CommandOptions.Checked(
            new Option<string[]>("--fleet")
            {
                HelpName = "URL",
                Description = "A silo of the fleet to enrol with; may be repeated (PLASM_FLEET).",
            },
            ProviderSettings.FleetUrl);
        Option<string?> bootId = new("--boot-id")
        {
            HelpName = "ID",
            Description = "The boot by which this node came to be; reported as joined (PLASM_BOOT_ID).",
        };
        Option<string?> ticket = new("--ticket")
        {
            HelpName = "TICKET",
            Description = "That boot's ticket, which lets this node into the fleet; other users see it here, so better PLASM_BOOT_TICKET.",
        };
        Option<string?> trace = new("--boot-trace")
        {
            HelpName = "FILE",
            Description = "What that boot's agent left of its trace, which is told to the fleet with the boot's end (PLASM_BOOT_TRACE).",
        };

        var command = new PlasmdCommand("serve", "Serve boot artifacts over HTTP until SIGTERM or Ctrl-C.", Examples)
        {
            artifacts, channel, archs, port, bind, config, state, trust, mode, bootstrap, peersFile, dhtPort, database,
            siloName, fleet, bootId, ticket, trace,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(context, new ProviderFlags
        {
            ArtifactsDirectory = parsed.GetValue(artifacts),
            Channel = parsed.GetValue(channel),
            Archs = parsed.GetValue(archs) ?? [],
            Port = parsed.GetValue(port) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null,
            Bind = parsed.GetValue(bind),
            ConfigPath = parsed.GetValue(config),
            StateDirectory = parsed.GetValue(state),
            Trust = parsed.GetValue(trust) ?? [],
            Mode = parsed.GetValue(mode),
            Bootstrap = parsed.GetValue(bootstrap) ?? [],
            PeersFile = parsed.GetValue(peersFile),
            ClusterDatabase = parsed.GetValue(database),
            SiloName = parsed.GetValue(siloName),
            Fleet = parsed.GetValue(fleet) ?? [],
            BootId = parsed.GetValue(bootId),
            BootTicket = parsed.GetValue(ticket),
            BootTrace = parsed.GetValue(trace),
            DhtPort = parsed.GetValue(dhtPort) is { } dht ? int.Parse(dht, NumberStyles.None, CultureInfo.InvariantCulture) : null,
        }, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, ProviderFlags flags, CancellationToken cancellationToken)
    {
        ProviderConfiguration configuration = ProviderConfiguration.Load(flags, context.Host);
        if (configuration.Problems.Count > 0)
        {
            foreach (ConfigurationProblem problem in configuration.Problems)
            {
                context.Error.WriteLine($"plasmd: {SingleLine.Of(problem.ToString())}");
            }

            return ExitCode.Configuration;
        }

        if (!configuration.Enabled)
        {
            throw new CommandException(ExitCode.Disabled,
                $"Not serving: provider.enabled is false in {configuration.FilePath ?? "the environment"}; set it or PLASM_ENABLED to true.");
        }

        if (configuration.Database is not null && !Silo.Fleet.FleetFeature.IsSupported)
        {
            throw new CommandException(ExitCode.Configuration,
                "A cluster's database is configured, but this plasmd was built for boot images, without the cluster; use the whole one.");
        }

        if (configuration.ArtifactsDirectory is null && configuration.Database is null)
        {
            throw new CommandException(ExitCode.Configuration,
                "No artifacts directory is configured; give --artifacts DIR, PLASM_ARTIFACTS_DIR, or artifacts_dir in [provider] of "
                + $"{configuration.FilePath ?? context.Host.DefaultConfigPath}.");
        }

        if (configuration.ArtifactsDirectory is not null && !Directory.Exists(configuration.ArtifactsDirectory))
        {
            throw new CommandException(ExitCode.Configuration,
                $"The artifacts directory {configuration.ArtifactsDirectory} does not exist; create it, or give another with --artifacts.");
        }

        List<Ed25519PublicKey> trusted = [.. configuration.Trust.Select(key => TrustedKeys.Read(key, ExitCode.Configuration))];
        IReadOnlyList<Multiaddr> peers = configuration.PeersFile is { } file ? PeersFile.Read(file) : [];
        List<Ed25519PublicKey> operators = [.. configuration.OperatorKeys.Select(key => TrustedKeys.Read(key, ExitCode.Configuration))];
        return await context.Serve(configuration.ToOptions(trusted, peers, operators), cancellationToken);
    }
}
