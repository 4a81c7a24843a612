using System.Net;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Joining;

/// <summary>
/// A provider's membership in its fleet, from one background task.
/// 1. It waits until something is served, as <c>/readyz</c> says.
/// 2. It enrols, with the ticket of its boot or a join token, until it is let in.
/// 3. It says that it is there as often as the silo asked, and at once when what it serves has changed. The first time that it counts as
///    serving, the boot it came by is reported as joined, and that boot's trace is told to its end.
/// 4. It enrols again when the silo does not know it, or when its addresses have changed.
/// 5. On a stop it says so, and ends.
/// Nothing here concerns what is served: it goes on whatever the fleet does.
/// </summary>
internal sealed partial class FleetMember : IAsyncDisposable
{
    private const string Serving = "serving";
    private const string EnrolAgain = "enrol-again";
    private const string NotAdmitted = "not-admitted";

    private readonly FleetMembershipOptions _options;
    private readonly NodeStanding _node;
    private readonly JoiningLimits _limits;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly FleetLink _link;
    private readonly SiloTurns _silos;
    private readonly TraceCourier _trace;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private readonly IReadOnlyList<(string? Ticket, string? Token)> _credentials;
    private int _credential;
    private bool _isEnrolled;
    private bool _hasJoined;
    private string _state = "";
    private string _refusal = "";
    private NodePlaces? _toldPlaces;
    private IReadOnlyList<string> _toldReplicas = [];

    private FleetMember(
        FleetMembershipOptions options, NodeStanding node, Ed25519PrivateKey key, HttpMessageHandler handler, JoiningLimits limits,
        TimeProvider clock, ILogger log)
    {
        (_options, _node, _limits, _clock, _log) = (options, node, limits, clock, log);
        _link = new FleetLink(handler, key, clock);
        _silos = new SiloTurns(_link, options.Urls, limits, clock) { Silence = TellSilence };
        _trace = new TraceCourier(options, _silos, limits, clock, log);
        _credentials = [.. new[] { (options.BootTicket, options.JoinToken), (null, options.JoinToken), (null, null) }.Distinct()];
        _hasJoined = options.BootId is null || options.BootTicket is null;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Null for a provider that belongs to no fleet, announces nothing, or is a silo, which enrols itself.</summary>
    /// <param name="handler">Null: over the network, no further than the mode allows.</param>
    public static FleetMember? Start(
        ProviderOptions options, NodeStanding node, Ed25519PrivateKey key, HttpMessageHandler? handler, JoiningLimits limits,
        TimeProvider clock, ILogger log)
    {
        if (options.Fleet.Urls.Count == 0 || options.Cluster is not null)
        {
            return null;
        }

        if (options.Mode is ProviderMode.Private)
        {
            LogPrivate(log);
            return null;
        }

        return new FleetMember(options.Fleet, node, key, handler ?? FleetLink.CreateHandler(options.Mode), limits, clock, log);
    }

    /// <summary>Says that this node stops, within the limits, and no more after that.</summary>
    public async Task LeaveAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        if (!_isEnrolled)
        {
            return;
        }

        _isEnrolled = false;
        FleetAnswer answer = await _silos.SendOnceAsync(HttpMethod.Post, PathOf("drain"), [], _limits.Drain, CancellationToken.None);
        if (!answer.IsGood)
        {
            LogUnheardStop(_log, answer.Problem);
        }
    }

    /// <summary>Call <see cref="LeaveAsync"/> before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _link.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _node.Catalog.WaitForAsync(_ => _node.IsReady, _stopping.Token);
            _trace.Ready();
            while (true)
            {
                await ServeAsync(await EnrolAsync());
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            LogDied(_log, e);
        }
    }

    /// <returns>The answer that let it in.</returns>
    private async Task<FleetAnswer> EnrolAsync()
    {
        _trace.Enrolling();
        FleetAnswer? first = null;
        for (int refusals = 0; ;)
        {
            FleetAnswer answer = await _silos.SendAsync(HttpMethod.Post, "/v1/providers", Enrolment, _stopping.Token);
            if (answer.IsGood)
            {
                (_isEnrolled, _refusal) = (true, "");
                _trace.Enrolled();
                return answer;
            }

            // A ticket that was used up or is too old keeps out a node that may come in without it.
            first ??= answer;
            _credential = answer.Slug == NotAdmitted ? (_credential + 1) % _credentials.Count : 0;
            if (_credential == 0)
            {
                await RefusedAsync(first, refusals++);
                first = null;
            }
        }
    }

    /// <summary>As things are at each try: the first may be before the network is up, when the node is reached nowhere.</summary>
    private byte[] Enrolment()
    {
        (string? ticket, string? token) = _credentials[_credential];
        (_toldPlaces, _toldReplicas) = (_node.Places, _node.Replicas);
        return _node.Enrolment(_toldPlaces, _toldReplicas, ticket, token);
    }

    private async Task RefusedAsync(FleetAnswer answer, int refusals)
    {
        TimeSpan pause = JoiningPause.After(refusals, _limits.FirstRefusalPause, _limits.LongestRefusalPause);
        if (_refusal != answer.Problem)
        {
            _refusal = answer.Problem;
            LogRefused(_log, _silos.Silo, answer.Problem);
        }

        await Task.Delay(pause, _clock, _stopping.Token);
    }

    /// <summary>Until it has to enrol again.</summary>
    private async Task ServeAsync(FleetAnswer answer)
    {
        TimeSpan interval = Interval(answer);
        await HeardAsync(answer);
        for (int refusals = 0; ;)
        {
            if (_node.Places != _toldPlaces)
            {
                LogMoved(_log);
                return;
            }

            IReadOnlyList<string> replicas = _node.Replicas;
            bool isNews = !replicas.SequenceEqual(_toldReplicas);
            long beganAt = _clock.GetTimestamp();
            FleetAnswer beat = await _silos.SendAsync(
                HttpMethod.Put, PathOf("heartbeat"), () => _node.Heartbeat(isNews ? replicas : null), _stopping.Token);
            if (beat.Slug == EnrolAgain || beat.Status == HttpStatusCode.NotFound)
            {
                LogUnknown(_log, beat.Problem);
                (_isEnrolled, _state) = (false, "");
                return;
            }

            if (!beat.IsGood)
            {
                await RefusedAsync(beat, refusals++);
                continue;
            }

            (refusals, _refusal, _toldReplicas, interval) = (0, "", replicas, Interval(beat));
            await HeardAsync(beat);
            await WaitAsync(interval - _clock.GetElapsedTime(beganAt));
        }
    }

    /// <summary>Until the next heartbeat is due, or there is news to tell.</summary>
    private async Task WaitAsync(TimeSpan interval)
    {
        // By a tenth by chance, so that nodes that were started together do not stay so.
        interval = TimeSpan.FromTicks((long)(interval.Ticks * (0.9 + (0.1 * Random.Shared.NextDouble()))));
        interval = interval > _limits.ShortestBeat ? interval : _limits.ShortestBeat;
        await Task.Delay(_limits.ShortestBeat, _clock, _stopping.Token);
        using CancellationTokenSource due = new(interval - _limits.ShortestBeat, _clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, _stopping.Token);
        try
        {
            await _node.Catalog.WaitForAsync(IsNews, either.Token);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return; // It is due.
        }
    }

    /// <summary>The catalogue says this each time it has looked at the disk.</summary>
    private bool IsNews(CatalogSnapshot snapshot) => !_node.Replicas.SequenceEqual(_toldReplicas);

    private async Task HeardAsync(FleetAnswer answer)
    {
        if (answer.State != _state)
        {
            LogState(_log, answer.State, _silos.Silo);
            _state = answer.State;
        }

        if (_state == Serving && !_hasJoined)
        {
            FleetAnswer told = await _silos.SendAsync(
                HttpMethod.Post, $"/v1/boots/{_options.BootId}/events", () => NodeStanding.Joined(_link.Now), _stopping.Token);
            _hasJoined = true;
            if (told.IsGood)
            {
                _trace.Joined();
                LogJoined(_log, _options.BootId!);
            }
            else
            {
                LogNotJoined(_log, _options.BootId!, told.Problem);
            }
        }

        await _trace.TellAsync(_stopping.Token);
    }

    private string PathOf(string what) => $"/v1/providers/{_node.Key}/{what}";

    private TimeSpan Interval(FleetAnswer answer) => answer.Heartbeat is not { } asked ? TimeSpan.FromSeconds(10)
        : asked < _limits.LongestBeat ? asked : _limits.LongestBeat;

    private void TellSilence(string? why)
    {
        if (why is null)
        {
            LogAnswers(_log, _silos.Silo);
        }
        else
        {
            LogSilent(_log, why);
        }
    }
}
