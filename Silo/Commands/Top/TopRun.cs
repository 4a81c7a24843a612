namespace PhaseMesh.Silo.Commands.Top;

/// <summary>Draws a model on a terminal and takes its keys, until one of them or a signal ends it.</summary>
internal sealed class TopRun(TopModel model, TopFeed feed, ITopTerminal terminal, bool hasColours, TimeProvider clock)
{
    /// <summary>Keys are answered at once, news this often.</summary>
    public static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(250);

    private readonly TopScreen _screen = new(hasColours);
    private TopFrame _frame = new([], [], 1);

    /// <summary>There are no keys any more.</summary>
    private bool _isDeaf;

    public async Task RunAsync(TopView view, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task feeding = feed.RunAsync(ended.Token);
        try
        {
            while (!view.HasQuit)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Draw(view);
                await WaitAsync(feeding, ended.Token);
                while (!view.HasQuit && terminal.Keys.TryRead(out ConsoleKeyInfo? key))
                {
                    view = Press(view, key);
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private TopView Press(TopView view, ConsoleKeyInfo? key)
    {
        if (key is not { } pressed)
        {
            _screen.Forget();
            return view;
        }

        int lines = 0;
        if (view.ShownBoot is { } boot)
        {
            lock (model.Gate)
            {
                lines = TopFrame.DetailLines(model, boot, terminal.Size.Columns);
            }
        }

        view = TopKeys.Press(view, pressed, _frame.Rows, _frame.PageRows, lines);
        feed.Show(view.ShownBoot);
        return view;
    }

    private void Draw(TopView view)
    {
        TerminalSize size = terminal.Size;
        lock (model.Gate)
        {
            _frame = TopFrame.Render(model, view, size, clock.GetUtcNow());
        }

        terminal.Write(_screen.Show(_frame, size));
    }

    /// <summary>For a key, the next redraw, or the feed's death, which is ours.</summary>
    private async Task WaitAsync(Task feeding, CancellationToken cancellationToken)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task tick = Task.Delay(RedrawEvery, clock, over.Token);
        Task<bool>? key = _isDeaf ? null : terminal.Keys.WaitToReadAsync(over.Token).AsTask();
        Task first = await Task.WhenAny(key ?? tick, tick, feeding);
        _isDeaf |= key is { IsCompletedSuccessfully: true, Result: false };
        await over.CancelAsync();
        if (first == feeding)
        {
            await feeding;
        }
    }
}
