using PhaseMesh.Serving.Ranges;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.OperatorConsole;

/// <summary>
/// <c>/console</c>: the operator's web page (docs/console.md). Each file has a route of its own, so that a release channel called
/// "console" keeps its paths. What the page shows comes from <c>/v1</c>; here is nothing but files.
/// </summary>
internal static class ConsoleEndpoints
{
    /// <summary>
    /// Scripts and styles of this origin and no other, none inline; nothing but this origin is asked. Trusted Types without any policy
    /// make the browser refuse every text that would become markup or a script.
    /// </summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        foreach (ConsoleFile file in ConsoleFile.All)
        {
            routes.MapMethods(file.Path, Methods, context => WriteAsync(context, file));
        }
    }

    private static Task WriteAsync(HttpContext context, ConsoleFile file)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ETag = file.EntityTag;
        headers.CacheControl = CachePolicy.Revalidate; // A gateway of another version may answer the next request.
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        switch (Preconditions.Evaluate(context.Request.Headers, file.EntityTag, null))
        {
            case PreconditionOutcome.NotModified:
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            case PreconditionOutcome.Failed:
                return Problem.WriteAsync(
                    context, StatusCodes.Status412PreconditionFailed, "Precondition failed", $"{file.Path} is {file.EntityTag}.");
        }

        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = file.Content.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(file.Content).AsTask();
    }
}
