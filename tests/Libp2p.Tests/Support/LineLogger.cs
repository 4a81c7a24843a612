using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Keeps log lines, so that a failing test can say what the host saw.</summary>
internal sealed class LineLogger : ILoggerFactory, ILogger
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<string> Lines { get; } = [];

    /// <summary>Completes with the next line; take it before looking at <see cref="Lines"/>.</summary>
    public Task NextLine => Volatile.Read(ref _next).Task;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception?.Message}");
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    public void Dispose()
    {
    }
}
