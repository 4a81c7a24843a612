using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>
/// Tells the fleet about one boot from a single background task, in order.
/// 1. The boot is created, at the first URL that takes it, again and again with growing pauses.
/// 2. Events that wait go together in one request; what is not taken is sent again, to the next URL.
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
    private readonly byte[] _creation;
    private readonly Lock _gate = new();
    private readonly List<BootEvent> _pending = [];
    private readonly Queue<string> _log = new();
    private readonly ChangeSignal _changed = new();
    private readonly ChangeSignal _emptied = new();
    private readonly TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<FleetAnswer?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _firstRound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _silo;
    private bool _isOver;
    private bool _wasSilent;

    private FleetSender(AgentOptions options, FleetLimits limits, BootConsole console, HttpMessageHandler handler, byte[] creation)
    {
        (_options, _limits, _console, _creation) = (options, limits, console, creation);
        _link = new FleetLink(handler, console.Time);
        _running = RunAsync();
    }

    /// <summary>What the fleet said; null when it takes no reports of this boot. Never fails.</summary>
    public Task<FleetAnswer?> Answer => _answer.Task;

    /// <summary>Every URL was tried once, or the answer is there: waiting longer is waiting for a miracle.</summary>
    public Task FirstRound => _firstRound.Task;

    public static FleetSender Start(
        AgentOptions options, FleetLimits limits, BootConsole console, HttpMessageHandler handler, string? machineId)
    {
        string trace = $"00-{options.BootId}-{options.BootId[..16]}-01";
        return new FleetSender(options, limits, console, handler, FleetAnswer.Ask(options, machineId, trace));
    }

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

    /// <summary>Sends without waiting for more, until all is sent or nothing can be. Never fails; bound it by waiting no longer.</summary>
    public async Task FlushAsync()
    {
        _hurry.TrySetResult();
        while (true)
        {
            Task emptied = _emptied.Next;
            lock (_gate)
            {
                if ((_pending.Count == 0 && _log.Count == 0) || _isOver)
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
                await (await NextAsync() is { Count: > 0 } events ? SendAsync(events) : SendAsync(_log.Peek()));
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
            }

            _firstRound.TrySetResult();
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
        FleetReply reply = await PostAsync("/v1/boots", _creation, Json, good => FleetAnswer.TryRead(good.Body, out answer));
        if (!reply.IsGood)
        {
            throw new FleetRefusal($"{Silo} {reply.Problem} to the announcement of this boot");
        }

        _console.Debug($"fleet: {Silo} knows of this boot and gives this machine {answer}");
        _answer.TrySetResult(answer);
        _firstRound.TrySetResult();
    }

    /// <summary>Waits for events, and a moment for others to go with them.</summary>
    /// <returns>None when only text waits.</returns>
    private async Task<IReadOnlyList<BootEvent>> NextAsync()
    {
        while (true)
        {
            Task changed = _changed.Next;
            lock (_gate)
            {
                if (_pending.Count > 0 || _log.Count > 0)
                {
                    break;
                }
            }

            await changed.WaitAsync(_stop.Token);
        }

        await PauseAsync(_limits.BatchDelay, TimeSpan.Zero);
        lock (_gate)
        {
            return [.. _pending];
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

    private async Task PostOfBootAsync(string what, byte[] body, MediaTypeHeaderValue contentType)
    {
        FleetReply reply = await PostAsync($"/v1/boots/{_options.BootId}/{what}", body, contentType, _ => true);
        if (reply.Status is 401 or 403 or 404)
        {
            throw new FleetRefusal($"{Silo} {reply.Problem} to the {what} of this boot");
        }

        if (!reply.IsGood)
        {
            _console.Debug($"fleet: {Silo} {reply.Problem} to {what} of this boot, which it does not get");
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

    private RootUrl Silo => _options.Fleet[_silo];

    /// <summary>Until some silo takes or refuses it: the same one while it answers, else the next.</summary>
    private async Task<FleetReply> PostAsync(string path, byte[] body, MediaTypeHeaderValue contentType, Func<FleetReply, bool> isAnswer)
    {
        for (int attempt = 0; ; attempt++)
        {
            int round = attempt / _options.Fleet.Count;
            FleetReply reply = await _link.PostAsync(Silo, path, body, contentType, _limits.RequestLimit(round), _stop.Token);
            if (reply.IsGood ? isAnswer(reply) : !reply.IsTransient)
            {
                return reply;
            }

            string problem = reply.IsGood ? "gave an answer that is none" : reply.Problem;
            _console.Debug($"fleet: {Silo} {problem}");
            if (!_wasSilent)
            {
                _wasSilent = true;
                _console.Detail($"Fleet: {Silo} {problem}; it is tried again while the boot goes on");
            }

            _silo = (_silo + 1) % _options.Fleet.Count;
            bool isRoundOver = (attempt + 1) % _options.Fleet.Count == 0;
            if (isRoundOver)
            {
                _firstRound.TrySetResult();
            }

            if (isRoundOver)
            {
                TimeSpan pause = _limits.PauseAfter(round);
                TimeSpan asked = _options.Fleet.Count == 1 ? reply.RetryAfter ?? TimeSpan.Zero : TimeSpan.Zero;
                pause = asked < pause ? pause : asked < _limits.LongestPause ? asked : _limits.LongestPause;
                await PauseAsync(pause, _limits.HurriedPause);
            }
        }
    }

    /// <param name="hurried">How long it is at most when the boot waits.</param>
    private async Task PauseAsync(TimeSpan pause, TimeSpan hurried)
    {
        if (_hurry.Task.IsCompleted)
        {
            await Task.Delay(pause < hurried ? pause : hurried, _console.Time, _stop.Token);
            return;
        }

        await _hurry.Task.WaitAsync(pause, _console.Time, _stop.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _stop.Token.ThrowIfCancellationRequested();
    }

    private sealed class FleetRefusal(string message) : Exception(message);
}
