using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Boots;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>
/// Keeps a model up to date.
/// 1. Boots are followed by server-sent events, at the first silo that answers; when it dies, at the next, from the event seen last.
/// 2. Counts and silos are asked for every 2 s, providers, channels, failed and stuck boots every 6 s; so are all running boots while they can't
///    be followed, and once a minute while they can, for what may have been missed.
/// 3. While no silo answers, what is known stays, and the model says so.
/// </summary>
internal sealed class TopFeed(FleetSession session, TopGateways gateways, TopModel model, TimeProvider clock)
{
    /// <summary>Boots begun within it are the recent ones.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>A silo says something every 15 s; one that hangs says nothing for longer.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(20);

    private const int RoundsBetweenLists = 3;
    private const int RoundsBetweenChecks = 30;

    private volatile string? _shownBoot;
    private volatile TaskCompletionSource _wanted = New();
    private int _round;

    /// <summary>Boots are followed from now on, so what happened before is to be asked for.</summary>
    private volatile bool _isBehind;

    /// <summary>Which boot the model's detail shall be; null: none.</summary>
    public void Show(string? boot)
    {
        if (boot != _shownBoot)
        {
            _shownBoot = boot;
            _wanted.TrySetResult();
        }
    }

    /// <summary>Everything once.</summary>
    /// <exception cref="CommandException">No silo answers, or the fleet refuses.</exception>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        int round = _round++;
        long asked = clock.GetTimestamp();
        JsonElement cluster = await session.GetAsync("/v1/cluster", cancellationToken);
        JsonElement running = await session.GetAsync("/v1/boots/counts?state=running", cancellationToken);
        string since = Uri.EscapeDataString((clock.GetUtcNow() - Window).UtcDateTime.ToString("O"));
        JsonElement recent = await session.GetAsync($"/v1/boots/counts?since={since}", cancellationToken);
        await AskListsAsync(round, asked, cancellationToken);
        IReadOnlyList<TopGateway> asks = await gateways.AskAsync(cancellationToken);
        await AskDetailAsync(cancellationToken);
        lock (model.Gate)
        {
            (model.Cluster, model.Running, model.Recent, model.Gateways) = (cluster, running, recent, asks);
            (model.Problem, model.AnsweredAt) = (null, clock.GetUtcNow());
        }
    }

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] both = [PollAsync(ended.Token), FollowAsync(ended.Token)];
        await Task.WhenAny(both);
        await ended.CancelAsync();
        await Task.WhenAll(both);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.WhenAny(_wanted.Task, Task.Delay(Period, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            bool isForBoot = _wanted.Task.IsCompleted;
            _wanted = isForBoot ? New() : _wanted;
            try
            {
                await (isForBoot ? AskDetailAsync(cancellationToken) : AskAsync(cancellationToken));
            }
            catch (CommandException failure)
            {
                lock (model.Gate)
                {
                    model.Problem = failure.Message;
                }
            }
        }
    }

    private async Task AskListsAsync(int round, long asked, CancellationToken cancellationToken)
    {
        if (round % RoundsBetweenLists != 0 && !_isBehind)
        {
            return;
        }

        bool isCheck = round % RoundsBetweenChecks == 0 || !model.IsLive || _isBehind;
        _isBehind = false;

        foreach (string state in (string[])["stuck", "failed", "lost"])
        {
            Apply(await session.ListAsync($"/v1/boots?limit=200&state={state}", "boots", 200, cancellationToken));
        }

        if (isCheck)
        {
            IReadOnlyList<JsonElement> running =
                await session.ListAsync("/v1/boots?limit=1000&state=running", "boots", TopModel.MaxRunning, cancellationToken);
            lock (model.Gate)
            {
                Apply(running);
                model.ForgetUnheard(asked);
            }
        }

        IReadOnlyList<JsonElement> providers = await session.ListAsync("/v1/providers?limit=1000", "providers", 10_000, cancellationToken);
        IReadOnlyList<JsonElement> channels = await session.ListAsync("/v1/channels?limit=1000", "channels", 10_000, cancellationToken);
        lock (model.Gate)
        {
            (model.Providers, model.Channels) = (providers, channels);
        }
    }

    private void Apply(IReadOnlyList<JsonElement> boots)
    {
        lock (model.Gate)
        {
            foreach (TopBoot boot in boots.Select(TopBoot.Of).OfType<TopBoot>())
            {
                model.Apply(boot);
            }
        }
    }

    private async Task AskDetailAsync(CancellationToken cancellationToken)
    {
        if (_shownBoot is not { } id)
        {
            return;
        }

        string path = $"/v1/boots/{Uri.EscapeDataString(id)}";
        List<string> lines;
        try
        {
            JsonElement boot = await session.GetAsync(path, cancellationToken);
            lines = [.. BootText.Facts(boot), "", .. BootText.Phases(boot).Select(phase => $"{phase[0],-11}+{phase[2],-12}{phase[1]}"), ""];
            lines.AddRange(BootText.Explanation(boot, await BootLogText.ReadAsync(session, path, cancellationToken)));
        }
        catch (CommandException refused) when (refused.ExitCode == ExitCode.FleetRefused)
        {
            lines = [refused.Message];
        }

        lock (model.Gate)
        {
            model.Detail = new TopDetail(id, lines);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        string? last = null;
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await session.Client.OpenAsync("/v1/boots/stream", last, cancellationToken);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    last = await ReadAsync(response, last, cancellationToken);
                }
            }
            catch (Exception broken) when (broken is FleetUnreachableException or IOException or HttpRequestException or JsonException
                || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // Polling says on the screen what is wrong, if anything still is.
            }

            SetLive(false);
            await Task.Delay(Period, clock, cancellationToken);
        }
    }

    /// <summary>Until the stream ends or falls silent.</summary>
    /// <returns>The id of the last event.</returns>
    private async Task<string?> ReadAsync(HttpResponseMessage response, string? last, CancellationToken cancellationToken)
    {
        using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        SetLive(true);
        _isBehind |= last is null;
        await using IAsyncEnumerator<SseItem<string>> items = SseParser.Create(body).EnumerateAsync(silence.Token)
            .GetAsyncEnumerator(silence.Token);
        while (true)
        {
            Task<bool> next = items.MoveNextAsync().AsTask();
            if (!next.IsCompleted)
            {
                using CancellationTokenSource heard = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Task tooLong = Task.Delay(LongestSilence, clock, heard.Token);
                if (await Task.WhenAny(next, tooLong) == tooLong)
                {
                    await silence.CancelAsync();
                }

                await heard.CancelAsync();
            }

            try
            {
                if (!await next)
                {
                    return last;
                }
            }
            catch (Exception broken) when (broken is IOException
                || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return last;
            }

            last = items.Current.EventId ?? last;
            using JsonDocument told = JsonDocument.Parse(items.Current.Data);
            if (TopBoot.OfNews(told.RootElement) is { } boot)
            {
                lock (model.Gate)
                {
                    model.Apply(boot);
                }
            }
        }
    }

    private void SetLive(bool isLive)
    {
        lock (model.Gate)
        {
            model.IsLive = isLive;
        }
    }
}
