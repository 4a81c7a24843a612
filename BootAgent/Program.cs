using System.Runtime.InteropServices;
using PhaseMesh.BootAgent;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Kexec;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;

// Not disposed: a reader that went away must not turn the exit code into a crash.
TextWriter output = StandardOutput.Open();
BootConsole console = new(output, TimeProvider.System, StandardOutput.IsTerminal, args.Contains(ParameterTable.Debug.Flag));
if (args.Contains(ParameterTable.Help.Flag))
{
    console.Line(HelpText.Write());
    return (int)AgentExitCode.Ok;
}

if (args.Contains(ParameterTable.Version.Flag))
{
    console.Line($"phase-agent {BuildStamp.Version}");
    return (int)AgentExitCode.Ok;
}

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    AgentOptions options = AgentSetup.Bind(args);
    console = new BootConsole(output, TimeProvider.System, StandardOutput.IsTerminal, options.Debug);
    ProviderList providers = new();
    foreach (ProviderUrl url in options.Providers)
    {
        providers.Add(new ProviderCandidate(url, "the command line"));
    }

    await using BootReporter report = BootReporter.Start(options, new FleetLimits(), console);
    FetchLimits limits = new();
    DiscoveryLimits discoveryLimits = new();
    await using MdnsDiscovery? mdns = options.Discovers ? MdnsDiscovery.Start(options, console) : null;
    await using DhtDiscovery? dht = options.UsesDht ? await DhtDiscovery.StartAsync(options, console) : null;
    Libp2pFetchHandler? overLibp2p = dht is null ? null : new Libp2pFetchHandler(dht.Host, limits, console.Time);
    await using HttpTransport transport = new(limits, options.Mode == PhaseMode.Local ? new LanConnector().ConnectAsync : null, overLibp2p);
    IProviderSource?[] sources = [mdns, dht];
    ProviderTurns turns = new(providers, [.. sources.OfType<IProviderSource>()], discoveryLimits, console);
    BootRun run = new(options, limits, discoveryLimits, transport, new LinuxKexec(), turns, console, report);
    return (int)await run.RunAsync(stop.Token);
}
catch (BootFailedException failure)
{
    console.Failed(failure.Message);
    return (int)failure.ExitCode;
}
catch (Exception defect)
{
    // The console of a machine that does not boot is all its operator has: say what is known and end with a code of its own.
    console.Failed($"this is a defect of phase-agent {BuildStamp.Version}, please report it: {defect}");
    return (int)AgentExitCode.Unexpected;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
