using System.Text.Json;

namespace PhaseMesh.Gateway.Misbehaviours;

/// <summary>
/// Reports that no silo has taken yet, in <c>reports.json</c> of the state directory: at most <see cref="Most"/>, the oldest go. Used by one
/// task.
/// </summary>
internal sealed partial class ReportQueue(string stateDirectory, ILogger<ReportQueue> log)
{
    public const int Most = 256;
    private const int MaxBytes = 1 << 20;

    private readonly string _path = Path.Combine(stateDirectory, "reports.json");
    private readonly List<PendingReport> _reports = [];

    public PendingReport? First => _reports is [var first, ..] ? first : null;

    public int Count => _reports.Count;

    public void Load()
    {
        try
        {
            if (!File.Exists(_path))
            {
                return;
            }

            IReadOnlyList<PendingReport?>? stored = new FileInfo(_path).Length <= MaxBytes
                ? JsonSerializer.Deserialize(File.ReadAllBytes(_path), ReportJson.Default.IReadOnlyListPendingReport)
                : throw new JsonException($"it has more than {MaxBytes} bytes");
            _reports.AddRange((stored ?? []).OfType<PendingReport>().Take(Most));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            LogUnreadable(_path, e.Message);
        }
    }

    /// <returns>False: it was there already.</returns>
    public bool Add(PendingReport report)
    {
        if (_reports.Exists(report.IsAbout))
        {
            return false;
        }

        if (_reports.Count >= Most)
        {
            LogDropped(_reports[0].Provider, Most);
            _reports.RemoveAt(0);
        }

        _reports.Add(report);
        Save();
        return true;
    }

    public void RemoveFirst()
    {
        _reports.RemoveAt(0);
        Save();
    }

    private void Save()
    {
        try
        {
            System.IO.Directory.CreateDirectory(stateDirectory);
            File.WriteAllBytes(
                _path + ".new", JsonSerializer.SerializeToUtf8Bytes(_reports, ReportJson.Default.IReadOnlyListPendingReport));
            File.Move(_path + ".new", _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(_path, e.Message);
        }
    }

    [LoggerMessage(5401, LogLevel.Warning, "The reports in {Path} can't be used: {Problem}")]
    private partial void LogUnreadable(string path, string problem);

    [LoggerMessage(5402, LogLevel.Warning, "A report on {Provider} is dropped: {Most} wait for a silo already")]
    private partial void LogDropped(string provider, int most);

    [LoggerMessage(5403, LogLevel.Warning, "The reports could not be written to {Path}, and would be lost with a restart: {Problem}")]
    private partial void LogNotSaved(string path, string problem);
}
