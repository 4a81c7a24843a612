namespace PhaseMesh.BootAgent.Reporting;

/// <summary>The progress bar of one artifact: <c>kernel               100% |*****| 11.4M 28.1M/s</c>.</summary>
internal sealed class DownloadProgress : IAsyncDisposable
{
    private const int BarWidth = 32;
    private readonly BootConsole _console;
    private readonly string _name;
    private readonly long _totalBytes;
    private readonly Func<long> _doneBytes;
    private readonly long _started;
    private readonly ITimer _timer;

    /// <param name="doneBytes">How much is there by now; called from a timer.</param>
    public DownloadProgress(BootConsole console, string name, long totalBytes, Func<long> doneBytes)
    {
        (_console, _name, _totalBytes, _doneBytes) = (console, name, totalBytes, doneBytes);
        _started = console.Time.GetTimestamp();
        _timer = console.Time.CreateTimer(_ => Draw(), null, console.ProgressInterval, console.ProgressInterval);
    }

    public TimeSpan Elapsed => _console.Time.GetElapsedTime(_started);

    private void Draw()
    {
        long done = Math.Clamp(_doneBytes(), 0, _totalBytes);
        double part = _totalBytes == 0 ? 1 : (double)done / _totalBytes;
        double seconds = Math.Max(Elapsed.TotalSeconds, 0.001);
        string bar = new string('*', (int)(part * BarWidth)).PadRight(BarWidth);
        _console.Progress($"{_name,-20} {(int)(part * 100),3}% |{bar}| {ByteText.Of(done),6} {ByteText.Rate(done / seconds),8}");
    }

    /// <summary>Stops redrawing and leaves the last state on the screen.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        Draw();
        _console.EndProgress();
    }
}
