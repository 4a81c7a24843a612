using PhaseMesh.Serving;

namespace PhaseMesh.Gateway.Hosting;

/// <summary>Counts requests, and knows when the last one has ended; clients are sent elsewhere while the gateway drains.</summary>
internal sealed class RequestGauge(LoadCounters load) : IDisposable
{
    private readonly CancellationTokenSource _draining = new();
    private volatile TaskCompletionSource? _idle;
    private long _https;

    public bool IsDraining => _idle is not null;

    /// <summary>For requests that would never end by themselves.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Requests since the start that came by HTTPS to the gateway itself.</summary>
    public long Https => Interlocked.Read(ref _https);

    public int InFlight => load.RequestsInFlight;

    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        load.RequestStarted();
        if (context.Request.IsHttps)
        {
            Interlocked.Increment(ref _https);
        }

        try
        {
            if (IsDraining)
            {
                context.Response.Headers.Connection = "close";
            }

            await next(context);
        }
        finally
        {
            load.Answered(context.Response.StatusCode);
            if (load.RequestEnded() == 0)
            {
                _idle?.TrySetResult();
            }
        }
    }

    /// <summary>Called once. Completes when no request is in flight.</summary>
    public Task DrainAsync()
    {
        TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _idle = idle;
        _draining.Cancel();
        if (load.RequestsInFlight == 0)
        {
            idle.TrySetResult();
        }

        return idle.Task;
    }

    public void Dispose() => _draining.Dispose();
}
