using Microsoft.Extensions.Logging;
using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Reporting;

/// <summary>Shows the libraries' log lines where phase.debug shows the agent's own.</summary>
internal sealed class ConsoleLogging(BootConsole console) : ILoggerFactory, ILogger
{
    private const int MaxLineLength = 400;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Lines go to the console and nowhere else.");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => console.ShowsDebug && logLevel >= LogLevel.Debug;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            console.Debug($"libp2p: {ParameterValues.Shown(formatter(state, exception), MaxLineLength)}");
        }
    }

    public void Dispose()
    {
        // Owns nothing.
    }
}
