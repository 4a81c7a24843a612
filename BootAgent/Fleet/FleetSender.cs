using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>
/// Tells the fleet about one boot from a single background task, in order.
/// 1. The boot is created, at the first URL that takes it, again and again with growing pauses.
/// 2. Events that wait go together in one request, before the console's text, and that before spans; what is not taken is sent again, to
///    the next URL.
/// 3. It ends when the fleet refuses the boot, or when this is disposed of.
/// Nothing that goes wrong here concerns the boot: it is said once on the console.
/// </summary>
internal sealed class FleetSender : IAsyncDisposable
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Text = new("text/plain", "utf-8");

    /// <summary>One event: eight sources and a detail.</summary>
    private const int MaxEventBytes = 12 * 1024;

    private readonly AgentOptions _options;
    private readonly FleetLimits _limits;
    private readonly BootConsole _console;
    private readonly FleetLink _link;
    private readonly SiloRounds _silos;
    private readonly byte[] _creation;
    private readonly Lock _gate = new();
    private readonly List<BootEvent> _pending = [];
    private readonly Queue<string> _log = new();
    private readonly SpanQueue _spans = new();
    private readonly TraceSource _source = TraceSource.OfThisMachine("phase-agent", BuildStamp.Version);
    private readonly BootTrace _trace;
    private readonly ChangeSignal _changed = new();
    private readonly ChangeSignal _emptied = new();
    private readonly TaskCompletionSource<FleetAnswer?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private bool _isOver;

    private FleetSender(
        AgentOptions options, FleetLimits limits, BootConsole console, HttpMessageHandler handler, BootTrace trace, byte[] creation)
    {
        (_options, _limits, _console, _trace, _creation) = (options, limits, console, trace, creation);
        _link = new FleetLink(handler, console.Time);
        _silos = new SiloRounds(_link, options.Fleet, limits, console, _stop.Token) { Answered = silo => trace.Reached(silo.Text) };
        trace.Ended = Add; // Before any silo can answer, which ends a span.
        _running = RunAsync();
    }

    /// <summary>What the fleet said; null when it takes no reports of this boot. Never fails.</summary>
    public Task<FleetAnswer?> Answer => _answer.Task;

    /// <summary>Every URL was tried once, or the answer is there: waiting longer is waiting for a miracle.</summary>
    public Task FirstRound => _silos.FirstRound;

    public static FleetSender Start(
        AgentOptions options, FleetLimits limits, BootConsole console, HttpMessageHandler handler, BootTrace trace, string? machineId) =>
        new(options, limits, console, handler, trace, FleetAnswer.Ask(options, machineId, trace.Root.TraceParent));

    /// <summary>Takes at once. Of the progress of a download only the newest waits.</summary>
    public void Add(BootEvent told)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            if (told.Phase == BootEvent.Fetching && _pending is [.., { Phase: BootEvent.Fetching }])
            {
                _pending.RemoveAt(_pending.Count - 1);
            }
            else if (_pending.Count == FleetLimits.MaxPendingEvents)
            {
                _pending.RemoveAt(0);
            }

            _pending.Add(told);
        }

        _changed.Raise();
    }

    /// <summary>Takes at once; sent after the events that wait.</summary>
    /// <param name="log">Lines of the console, 1 to <see cref="FleetLimits.MaxLogPiece"/> characters.</param>
    public void Add(string log)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _log.Enqueue(log);
            }
        }

        _changed.Raise();
    }

    /// <summary>Takes at once; sent last, and not all of them before <see cref="FlushAsync"/>.</summary>
    public void Add(BootSpan span)
    {
        _spans.Add(span);
        _changed.Raise();
    }

    /// <summary>What the next kernel shall tell: spans that the fleet has not taken, and the boot with its last step, under way.</summary>
    /// <returns>Empty when the fleet takes none.</returns>
    public byte[] Carried(BootSpan lastStep) =>
        _spans.IsClosed ? [] : Write([_trace.Root, .. _spans.Pending.Select(each => each.Span), lastStep]);

    /// <summary>Sends without waiting for more, until all is sent or nothing can be. Never fails; bound it by waiting no longer.</summary>
    public async Task FlushAsync()
    {
        _silos.Hurry();
        _changed.Raise(); // Spans that wait for the boot's end are due.
        while (true)
        {
            Task emptied = _emptied.Next;
            lock (_gate)
            {
                if (!HasWork || _isOver)
                {
                    return;
                }
            }

            await emptied;
        }
    }

    public ValueTask DisposeAsync()
    {
        _stop.Cancel();
        return new ValueTask(EndAsync());
    }

    private async Task RunAsync()
    {
        await Task.Yield(); // The boot goes on at once.
        try
        {
            await CreateAsync();
            while (true)
            {
                (IReadOnlyList<BootEvent> events, string? log) = await NextAsync();
                await (events.Count > 0 ? SendAsync(events) : log is not null ? SendAsync(log) : SendSpansAsync());
                _emptied.Raise();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The process ends, or the next kernel starts.
        }
        catch (FleetRefusal refusal)
        {
            _console.Detail($"Fleet: {refusal.Message}; it hears no more of this boot");
        }
        catch (Exception defect)
        {
            _console.Warn("telling the fleet has ended by a defect of phase-agent, the boot goes on: "
                + $"{defect.GetType().Name}: {defect.Message}");
        }
        finally
        {
            lock (_gate)
            {
                _isOver = true;
                _pending.Clear();
                _log.Clear();
                _spans.Close();
            }

            _silos.EndFirstRound();
            _answer.TrySetResult(null);
            _emptied.Raise();
        }
    }

    private async Task EndAsync()
    {
        await _running;
        _link.Dispose();
        _stop.Dispose();
    }

    private async Task CreateAsync()
    {
        FleetAnswer? answer = null;
        FleetReply reply = await _silos.PostAsync("/v1/boots", _creation, Json, good => FleetAnswer.TryRead(good.Body, out answer));
        if (!reply.IsGood)
        {
            throw new FleetRefusal($"{_silos.Silo} {reply.Problem} to the announcement of this boot");
        }

        _console.Debug($"fleet: {_silos.Silo} knows of this boot and gives this machine {answer}");
        _answer.TrySetResult(answer);
        _silos.EndFirstRound();
    }

    /// <summary>Waits for events, and a moment for others to go with them.</summary>
    /// <returns>Neither when only spans wait.</returns>
    private async Task<(IReadOnlyList<BootEvent> Events, string? Log)> NextAsync()
    {
        while (true)
        {
            Task changed = _changed.Next;
            lock (_gate)
            {
                if (HasWork)
                {
                    break;
                }
            }

            await changed.WaitAsync(_stop.Token);
        }

        await _silos.PauseAsync(_limits.BatchDelay, TimeSpan.Zero);
        lock (_gate)
        {
            return ([.. _pending], _log.TryPeek(out string? log) ? log : null);
        }
    }

    private async Task SendAsync(IReadOnlyList<BootEvent> events)
    {
        (byte[] body, int count) = Write(events);
        await PostOfBootAsync("events", body, Json);
        lock (_gate)
        {
            foreach (BootEvent sent in events.Take(count))
            {
                _pending.Remove(sent); // Those overtaken meanwhile are gone already.
            }
        }
    }

    private async Task SendAsync(string log)
    {
        await PostOfBootAsync("log", Encoding.UTF8.GetBytes(log), Text);
        lock (_gate)
        {
            _log.Dequeue();
        }
    }

    private async Task SendSpansAsync()
    {
        IReadOnlyList<PendingSpan> spans = _spans.Pending;
        FleetReply reply = await _silos.PostAsync(PathOf("spans"), Write(spans.Select(each => each.Span)), Json, _ => true, IsOutweighed);
        if (reply.IsGood)
        {
            _spans.Remove(spans);
        }
        else if (!reply.IsTransient)
        {
            _console.Debug($"fleet: {_silos.Silo} {reply.Problem} to spans of this boot, and gets no more");
            _spans.Close();
        }
    }

    private byte[] Write(IEnumerable<BootSpan> spans)
    {
        _trace.Root.SetDropped(_spans.Dropped);
        return TraceWriter.Write(_options.BootId, [new TraceSpans(_source, [.. spans.Select(span => span.Take(_link.ClockOffset))])]);
    }

    /// <summary>With the lock held.</summary>
    private bool HasWork => _pending.Count > 0 || _log.Count > 0 || _spans.HasDue(isLast: _silos.IsHurried);

    /// <summary>Something waits that matters more than spans.</summary>
    private bool IsOutweighed()
    {
        lock (_gate)
        {
            return _pending.Count > 0 || _log.Count > 0;
        }
    }

    private string PathOf(string what) => $"/v1/boots/{_options.BootId}/{what}";

    private async Task PostOfBootAsync(string what, byte[] body, MediaTypeHeaderValue contentType)
    {
        FleetReply reply = await _silos.PostAsync(PathOf(what), body, contentType, _ => true);
        if (reply.Status is 401 or 403 or 404)
        {
            throw new FleetRefusal($"{_silos.Silo} {reply.Problem} to the {what} of this boot");
        }

        if (!reply.IsGood)
        {
            _console.Debug($"fleet: {_silos.Silo} {reply.Problem} to {what} of this boot, which it does not get");
        }
    }

    /// <returns>As many as fit a request, at least one.</returns>
    private (byte[] Body, int Count) Write(IReadOnlyList<BootEvent> events)
    {
        using MemoryStream body = new();
        using Utf8JsonWriter json = new(body, Relaxed);
        json.WriteStartArray();
        int count = 0;
        foreach (BootEvent told in events)
        {
            if (json.BytesCommitted + json.BytesPending > FleetLimits.MaxBodyBytes - MaxEventBytes)
            {
                break;
            }

            told.Write(json, _link.Now - _console.Time.GetElapsedTime(told.Timestamp));
            count++;
        }

        json.WriteEndArray();
        json.Flush();
        return (body.ToArray(), count);
    }

    private sealed class FleetRefusal(string message) : Exception(message);
}
