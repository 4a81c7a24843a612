using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace PhaseMesh.Telemetry.Tracing;

/// <summary>
/// A server span of each request that belongs to a trace (<c>traceparent</c>), by OpenTelemetry's conventions:
/// https://opentelemetry.io/docs/specs/semconv/http/http-spans/. Others get one only where OTEL_TRACES_SAMPLER is set.
/// </summary>
public static class RequestTracing
{
    /// <summary>What the framework would make an activity of its own for, for each request.</summary>
    public const string FrameworkCategory = "Microsoft.AspNetCore.Hosting.Diagnostics";

    /// <summary>https://www.w3.org/TR/trace-context/#traceparent-header</summary>
    public const string ParentHeader = "traceparent";

    private const string State = "tracestate";
    private const int MaxPathLength = 256;

    private static readonly string[] KnownMethods =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

    /// <summary>From activities of <paramref name="options"/>' sources to where the variables say.</summary>
    /// <exception cref="ArgumentException">A variable breaks its rule.</exception>
    public static IServiceCollection AddTracing(this IServiceCollection services, TracingOptions options, Func<string, string?> variable) =>
        services.AddSingleton(TraceSettings.From(variable)).AddSingleton(options).AddSingleton<TracingPipeline>();

    /// <summary>To be the outermost. Without an endpoint it is not there at all.</summary>
    public static void UseRequestTracing(this IApplicationBuilder app, ActivitySource source)
    {
        TracingPipeline pipeline = app.ApplicationServices.GetRequiredService<TracingPipeline>();
        if (pipeline.IsOn)
        {
            bool beginsTraces = pipeline.Settings.BeginsTraces;
            app.Use(next => context => ParentOf(context.Request) is var parent && (parent.TraceId != default || beginsTraces)
                ? TraceAsync(context, next, source, parent)
                : next(context));
        }
    }

    private static ActivityContext ParentOf(HttpRequest request)
    {
        if (request.Headers[ParentHeader] is not [{ } text])
        {
            return default;
        }

        StringValues state = request.Headers[State];
        return ActivityContext.TryParse(text, state.Count == 0 ? null : state.ToString(), isRemote: true, out ActivityContext parent)
            ? parent
            : default;
    }

    private static async Task TraceAsync(HttpContext context, RequestDelegate next, ActivitySource source, ActivityContext parent)
    {
        string method = KnownMethods.Contains(context.Request.Method) ? context.Request.Method : "_OTHER";
        using Activity? span = source.StartActivity(method, ActivityKind.Server, parent);
        if (span is not { IsAllDataRequested: true })
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
            Describe(span, context, method);
        }
        catch (Exception exception)
        {
            Describe(span, context, method);
            span.SetStatus(ActivityStatusCode.Error, exception.Message);
            span.SetTag("error.type", exception.GetType().FullName);
            throw;
        }
    }

    private static void Describe(Activity span, HttpContext context, string method)
    {
        HttpRequest request = context.Request;
        int status = context.Response.StatusCode;
        string path = request.Path.Value ?? "/";
        span.SetTag("http.request.method", method);
        span.SetTag("url.scheme", request.Scheme);
        span.SetTag("url.path", path.Length <= MaxPathLength ? path : path[..MaxPathLength]);
        span.SetTag("http.response.status_code", status);
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route })
        {
            span.DisplayName = $"{method} {route}";
            span.SetTag("http.route", route);
        }

        if (context.Connection.RemoteIpAddress is { } client)
        {
            span.SetTag("client.address", client.ToString());
        }

        if (status >= StatusCodes.Status500InternalServerError)
        {
            span.SetStatus(ActivityStatusCode.Error);
            span.SetTag("error.type", $"{status}");
        }
    }
}
