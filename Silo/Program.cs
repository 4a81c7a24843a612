using System.Runtime.InteropServices;
using PhaseMesh.Silo;
using PhaseMesh.Silo.Commands;

// A first SIGINT or SIGTERM asks the command to end, a second one ends it, unless the provider has said otherwise: it drains.
using var stop = new CancellationTokenSource();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
CommandContext context = CommandContext.OfThisProcess((options, cancellationToken) => ProviderHost.RunAsync(options, cancellationToken));
return await PlasmdCommandLine.RunAsync(args, context, stop.Token);

void Stop(PosixSignalContext signal)
{
    if (!stop.IsCancellationRequested)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
}
