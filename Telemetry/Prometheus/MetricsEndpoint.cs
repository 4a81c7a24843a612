namespace PhaseMesh.Telemetry.Prometheus;

/// <summary><c>GET /metrics</c>, in the format that <c>Accept</c> wants more.</summary>
internal sealed class MetricsEndpoint(MetricsPipeline pipeline)
{
    public async Task GetAsync(HttpContext context)
    {
        ExpositionFormat format = ExpositionFormats.Negotiate([.. context.Request.Headers.Accept]);
        ReadOnlyMemory<byte> body = await pipeline.ScrapeAsync(format, context.RequestAborted);
        context.Response.ContentType = format.ContentType();
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Vary = "Accept";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
        }
    }
}
