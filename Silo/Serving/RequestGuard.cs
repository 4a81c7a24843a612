using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Serving.Endpoints;

namespace PhaseMesh.Silo.Serving;

/// <summary>Around every request: counts it, refuses bodies, and sends clients elsewhere while draining.</summary>
internal sealed class RequestGuard(LoadCounters load, ProviderLifecycle lifecycle)
{
    private TaskCompletionSource? _idle;

    /// <summary>Paths whose endpoints read bodies, and bound them themselves; null: none.</summary>
    public PathString? TakesBodies { get; set; }

    public RequestDelegate Wrap(RequestDelegate next) => context =>
    {
        load.RequestStarted();
        Task handled;
        try
        {
            handled = Handle(context, next);
        }
        catch
        {
            RequestEnded();
            throw;
        }

        if (handled.IsCompletedSuccessfully)
        {
            load.Answered(context.Response.StatusCode);
            RequestEnded();
            return Task.CompletedTask;
        }

        return AwaitAsync(context, handled);
    };

    /// <summary>Completes when no request is in flight. Called once, when draining has begun.</summary>
    public Task WhenIdleAsync()
    {
        TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _idle, idle);
        if (load.RequestsInFlight == 0)
        {
            idle.TrySetResult();
        }

        return idle.Task;
    }

    private Task Handle(HttpContext context, RequestDelegate next)
    {
        if (lifecycle.IsDraining)
        {
            context.Response.Headers.Connection = "close";
        }

        HttpRequest request = context.Request;
        if ((request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0)
            && !(TakesBodies is { } paths && request.Path.StartsWithSegments(paths)))
        {
            // Closing is cheaper than reading what nobody wants.
            context.Response.Headers.Connection = "close";
            if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            {
                return Problem.WriteAsync(
                    context, StatusCodes.Status413PayloadTooLarge, "No body wanted", "A provider takes no request bodies; send the request without one.");
            }
        }

        return next(context);
    }

    private async Task AwaitAsync(HttpContext context, Task handled)
    {
        try
        {
            await handled;
        }
        finally
        {
            load.Answered(context.Response.StatusCode);
            RequestEnded();
        }
    }

    /// <summary>A request that comes by another way than HTTP; <see cref="Leave"/> must follow.</summary>
    public void Enter() => load.RequestStarted();

    public void Leave() => RequestEnded();

    private void RequestEnded()
    {
        if (load.RequestEnded() == 0)
        {
            Volatile.Read(ref _idle)?.TrySetResult();
        }
    }
}
