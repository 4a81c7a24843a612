using System.Text.Json;
using System.Text.Json.Serialization;

namespace PhaseMesh.Serving.Responses;

/// <summary>Errors as RFC 9457 problem details. The detail says what was found, what would have been right, and what to do.</summary>
public static class Problem
{
    private const string RetrySeconds = "5";

    public static Task WriteAsync(HttpContext context, int status, string title, string detail)
    {
        HttpResponse response = context.Response;
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new ProblemDetails(title, status, detail), ProblemJson.Default.ProblemDetails);
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = body.Length;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = RetrySeconds;
        }

        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body).AsTask();
    }

    public static Task NotFoundAsync(HttpContext context, string detail) => WriteAsync(context, StatusCodes.Status404NotFound, "Not found", detail);

    public static Task UnavailableAsync(HttpContext context, string detail) =>
        WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "Not available now", detail);
}

internal sealed record ProblemDetails(string Title, int Status, string Detail)
{
    public string Type { get; } = "about:blank";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class ProblemJson : JsonSerializerContext;
