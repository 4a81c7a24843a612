using Microsoft.AspNetCore.Http.Features;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Silo.Fleet.Api;

namespace PhaseMesh.Silo.Fleet.Access;

/// <summary>
/// Before every endpoint of the API: 1. the flood limit of the source, 2. the body, bounded before it is read and only for calls that claim
/// to be signed, 3. the signature, 4. the nonce, here and, where the call counts once, on all silos, 5. the role. What then fails becomes a
/// problem document.
/// </summary>
internal sealed partial class FleetGate(
    ClusterOptions options, NonceMemory nonces, SourceMeter meter, IGrainFactory grains, TimeProvider clock, ILogger<FleetGate> log)
{
    private const int MaxDiscardedBytes = 4 << 20;

    public RequestDelegate Wrap(RequestDelegate next) => context =>
        context.GetEndpoint()?.Metadata.GetMetadata<FleetAccess>() is { } access ? HandleAsync(context, access, next) : next(context);

    private async Task HandleAsync(HttpContext context, FleetAccess access, RequestDelegate next)
    {
        try
        {
            if (await AdmitAsync(context, access) is { } problem)
            {
                await problem.WriteAsync(context);
                return;
            }

            await next(context);
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            await RefuseAsync(context, exception);
        }
        catch (Exception exception)
        {
            LogGone(context.Request.Method, context.Request.Path, exception.Message);
        }
    }

    private async Task<FleetProblem?> AdmitAsync(HttpContext context, FleetAccess access)
    {
        BoundWhatNobodyReads(context);
        if (access.IsMetered && meter.Take(context.Connection.RemoteIpAddress) is { Ticks: > 0 } wait)
        {
            return FleetProblem.TooMany($"More than {options.FloodLimit} enrolments and boots of one address within a minute; wait.", wait);
        }

        bool mustSign = access.Role != FleetRole.Reader || !options.OpenReads;
        if (!context.Request.Headers.ContainsKey(RequestSignature.SignatureHeader))
        {
            context.Features.Set(new SignedCall(default, default, "", default, false));
            return mustSign ? FleetProblem.NotSigned(
                $"Expected the headers {RequestSignature.KeyHeader}, {RequestSignature.TimeHeader}, {RequestSignature.NonceHeader} and "
                + $"{RequestSignature.SignatureHeader}, each once.") : null;
        }

        if (context.Request.ContentLength > access.MaxBodyBytes)
        {
            return FleetProblem.TooLarge($"The body has {context.Request.ContentLength} bytes, expected at most {access.MaxBodyBytes}.");
        }

        byte[] body = await ReadBodyAsync(context, access.MaxBodyBytes);
        RequestVerdict verdict = Verify(context, body);
        return verdict.IsGood ? await AdmitSignedAsync(context, access, body, verdict) : verdict.Refusal switch
        {
            RequestRefusal.NotSigned => FleetProblem.NotSigned(verdict.Message),
            RequestRefusal.Malformed => FleetProblem.Malformed(verdict.Message),
            RequestRefusal.Skewed => FleetProblem.Skewed(verdict.Message),
            _ => FleetProblem.BadSignature(verdict.Message),
        };
    }

    private async Task<FleetProblem?> AdmitSignedAsync(HttpContext context, FleetAccess access, byte[] body, RequestVerdict verdict)
    {
        string key = verdict.Signer.KeyId;
        if (!nonces.TryAdd(key, verdict.Nonce))
        {
            return FleetProblem.Replayed("This very request was sent here before; sign a new one.");
        }

        (FleetProblem? problem, bool isOperator) = await JudgeAsync(context, access.Role, key);
        if (problem is not null)
        {
            return problem;
        }

        if (access.IsOnce)
        {
            await grains.GetGrain<INonceGrain>(key).UseAsync(verdict.Nonce, verdict.Time);
        }

        context.Features.Set(new SignedCall(body, verdict.Signer, verdict.Nonce, verdict.Time, isOperator));
        return null;
    }

    private async Task<(FleetProblem? Problem, bool IsOperator)> JudgeAsync(HttpContext context, FleetRole role, string key)
    {
        if (role == FleetRole.AnyKey || (role == FleetRole.Reader && options.OpenReads))
        {
            return (null, role == FleetRole.AnyKey && await IsOperatorAsync(key));
        }

        bool isItself = key == context.Request.RouteValues["key"] as string;
        if (role == FleetRole.ProviderItself)
        {
            return (isItself ? null : FleetProblem.NotAllowed($"Only the provider itself can do that; {key} is another."), false);
        }

        bool isOperator = await IsOperatorAsync(key);
        bool mayPass = isOperator || role switch
        {
            FleetRole.ProviderItselfOrOperator => isItself,
            FleetRole.Reader => await IsAdmittedAsync(key),
            _ => false,
        };
        return (mayPass ? null : FleetProblem.NotAllowed($"{key} is no operator of this fleet."), isOperator);
    }

    private async Task<bool> IsAdmittedAsync(string key) =>
        await grains.GetGrain<IProviderGrain>(key).GetAsync() is { AwaitsApproval: false, State: not ProviderState.Quarantined };

    private async Task<bool> IsOperatorAsync(string key) => await grains.GetGrain<IFleetGrain>(IFleetGrain.Key).IsOperatorAsync(key);

    private RequestVerdict Verify(HttpContext context, byte[] body) => RequestSignature.Verify(
        context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget, body,
        name => context.Request.Headers[name] is [{ } value] ? value : null, clock.GetUtcNow());

    /// <summary>
    /// What is refused unread is passed over by the server, within its time limit, so that the caller gets the answer instead of a reset;
    /// a body that nobody would send by mistake is not.
    /// </summary>
    private static void BoundWhatNobodyReads(HttpContext context)
    {
        if (context.Request.ContentLength is null or > MaxDiscardedBytes)
        {
            context.Response.Headers.Connection = context.Request.ContentLength is null ? default : "close";
        }
        else
        {
            Limit(context, MaxDiscardedBytes);
        }
    }

    private static void Limit(HttpContext context, int maxBytes)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes;
        }
    }

    private static async Task<byte[]> ReadBodyAsync(HttpContext context, int maxBytes)
    {
        Limit(context, maxBytes);

        using MemoryStream body = new((int)(context.Request.ContentLength ?? 0));
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    private Task RefuseAsync(HttpContext context, Exception exception)
    {
        if (context.Response.HasStarted)
        {
            LogFault(context.Request.Method, context.Request.Path, exception);
            context.Abort();
            return Task.CompletedTask;
        }

        if (FleetProblem.Of(exception) is not { } problem)
        {
            LogFault(context.Request.Method, context.Request.Path, exception);
            problem = new FleetProblem(StatusCodes.Status500InternalServerError, "fault", "A fault of this silo",
                "The silo's log says more.");
        }

        if (problem.Status == StatusCodes.Status413PayloadTooLarge)
        {
            context.Response.Headers.Connection = "close";
        }

        return problem.WriteAsync(context);
    }

    [LoggerMessage(1501, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFault(string method, string path, Exception exception);

    [LoggerMessage(1502, LogLevel.Debug, "{Method} {Path}: the caller went away: {Reason}")]
    private partial void LogGone(string method, string path, string reason);
}
