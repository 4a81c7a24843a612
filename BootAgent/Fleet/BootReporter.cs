using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>
/// What a boot tells the fleet and asks of it. Without a fleet it does nothing. All waits for the fleet go through one budget, so that a
/// boot with a dead fleet is as fast as one without, but for that.
/// </summary>
internal sealed class BootReporter : IAsyncDisposable
{
    private readonly FleetSender? _sender;
    private readonly FleetLimits _limits;
    private readonly BootConsole _console;
    private readonly WaitBudget _budget;
    private bool _wasAssigned;

    private BootReporter(BootTrace trace, FleetSender? sender, FleetLimits limits, BootConsole console)
    {
        (Trace, _sender, _limits, _console) = (trace, sender, limits, console);
        _budget = new WaitBudget(limits.BootDelay, console.Time);
    }

    /// <summary>Of this boot; the fleet gets its spans as they end.</summary>
    public BootTrace Trace { get; }

    /// <param name="handler">Sends requests; null: over the network, no further than the mode allows.</param>
    public static BootReporter Start(AgentOptions options, FleetLimits limits, BootConsole console, HttpMessageHandler? handler = null)
    {
        BootTrace trace = new(options.BootId, console.Time);
        trace.Root.Set(TraceTag.Of(TraceKeys.Channel, options.Channel.ToString()));
        trace.Root.Set(TraceTag.Of(TraceKeys.Arch, options.Arch.ToString()));
        trace.Root.Set(TraceTag.Of(TraceKeys.Mode, options.ModeName));
        if (options.Fleet.Count == 0)
        {
            return new BootReporter(trace, null, limits, console);
        }

        handler ??= FleetLink.CreateHandler(stayOnLan: options.Mode == PhaseMode.Local);
        return new BootReporter(trace, FleetSender.Start(options, limits, console, handler, trace, MachineId.Read()), limits, console);
    }

    /// <summary>Key ids where they are known, else URLs.</summary>
    public static IReadOnlyList<string> Names(IEnumerable<ProviderCandidate> providers) =>
        [.. providers.Select(provider => provider.PeerId ?? provider.Url.Text).Distinct().Take(BootEvent.MaxSources)];

    public void Discovered(IEnumerable<ProviderCandidate> providers) =>
        Add(BootEvent.Discovered, told => told with { From = Names(providers) });

    /// <summary>Waits for it no longer than the limits allow, and only once.</summary>
    /// <returns>The release that the fleet gives this machine; null when it gives none or is silent.</returns>
    public async Task<AssignedRelease?> AssignedAsync(CancellationToken cancellationToken)
    {
        if (_sender is null)
        {
            return null;
        }

        if (!_wasAssigned)
        {
            _wasAssigned = true;
            await _budget.WaitAsync(_sender.FirstRound, _limits.AssignmentWait, cancellationToken);
        }

        return Answer?.Current;
    }

    public void Chosen(BootManifest manifest) => Add(BootEvent.Manifested, told => told with
    {
        Manifest = manifest.Digest.ToString(),
        Release = manifest.Release,
        Version = manifest.Version,
    });

    /// <summary>Null without a fleet.</summary>
    public FetchMeter? Fetching(IReadOnlyList<ProviderSession> sessions, long totalBytes) =>
        _sender is null ? null : new FetchMeter(_console, sessions, totalBytes, _limits.ProgressInterval, _sender.Add);

    public void Verified(IEnumerable<ProviderSession> sessions) => Add(BootEvent.Verified, told => told with
    {
        From = Names(sessions.Where(session => session.HasDelivered).Select(session => session.Provider)),
    });

    /// <summary>Waits for it no longer than is left of the budget.</summary>
    /// <returns>What lets the booted node in; null when the fleet gave none.</returns>
    public async Task<string?> TicketAsync(CancellationToken cancellationToken)
    {
        if (_sender is null)
        {
            return null;
        }

        await _budget.WaitAsync(_sender.Answer, _budget.Left, cancellationToken);
        return Answer?.Ticket;
    }

    /// <summary>What the next kernel shall tell of this boot's trace; empty when there is nobody to tell.</summary>
    /// <param name="lastStep">Under way.</param>
    public byte[] Carried(BootSpan lastStep) => _sender?.Carried(lastStep) ?? [];

    /// <summary>The next kernel is about to start: says so, and waits for that to be sent no longer than is left of the budget.</summary>
    public Task HandingOverAsync(CancellationToken cancellationToken)
    {
        AddWithLog(new BootEvent(BootEvent.Kexec, _console.Time.GetTimestamp()));
        return FlushAsync(cancellationToken);
    }

    /// <summary>All is fetched, and no kernel of ours follows: with that the boot is over.</summary>
    public Task DoneAsync(CancellationToken cancellationToken)
    {
        Trace.Root.End();
        return FlushAsync(cancellationToken);
    }

    /// <summary>Sends what is left, no longer than is left of the budget.</summary>
    private Task FlushAsync(CancellationToken cancellationToken) =>
        _sender is null ? Task.CompletedTask : _budget.WaitAsync(_sender.FlushAsync(), _budget.Left, cancellationToken);

    /// <summary>The boot has ended without a kernel to start; what to do next may wait a moment for the fleet to know why.</summary>
    public async Task FailedAsync(AgentExitCode code, string detail)
    {
        if (_sender is null)
        {
            return;
        }

        AddWithLog(new BootEvent(BootEvent.Failed, _console.Time.GetTimestamp())
        {
            Reason = code.Slug(),
            Detail = ParameterValues.Shown(detail, BootEvent.MaxDetailLength - 3),
        });
        Trace.Root.Fail(detail);
        WaitBudget ofItsOwn = new(_limits.FailureFlush, _console.Time);
        await ofItsOwn.WaitAsync(_sender.FlushAsync(), ofItsOwn.Left, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _sender?.DisposeAsync() ?? ValueTask.CompletedTask;

    private FleetAnswer? Answer => _sender is { Answer: { IsCompletedSuccessfully: true } answer } ? answer.Result : null;

    private void Add(string phase, Func<BootEvent, BootEvent> with) =>
        _sender?.Add(with(new BootEvent(phase, _console.Time.GetTimestamp())));

    /// <summary>The event first, for it is what matters.</summary>
    private void AddWithLog(BootEvent told)
    {
        _sender?.Add(told);
        string log = _console.Log.Text;
        for (int start = 0; start < log.Length;)
        {
            int length = Math.Min(FleetLimits.MaxLogPiece, log.Length - start);
            length -= start + length < log.Length && char.IsHighSurrogate(log[start + length - 1]) ? 1 : 0;
            _sender?.Add(log.Substring(start, length));
            start += length;
        }
    }
}
