using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Serving;

/// <summary>Keeps what was logged.</summary>
internal sealed class RememberedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public LogLevel MinimumLevel { get; init; } = LogLevel.Information;

    public IEnumerable<(LogLevel Level, string Text)> Lines => _lines;

    /// <summary>Returns once a line with that text is there.</summary>
    public Task WaitForAsync(string text) =>
        Eventually.IsAsync(() => _lines.Any(line => line.Text.Contains(text, StringComparison.Ordinal)), $"the log line '{text}'");

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= MinimumLevel;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));

    public void Dispose()
    {
    }
}
