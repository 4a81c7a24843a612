using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PhaseMesh.Serving.Responses;

/// <summary>Errors as RFC 9457 problem details. The detail says what was found, what would have been right, and what to do.</summary>
public static class Problem
{
    public static Task WriteAsync(HttpContext context, int status, string title, string detail) =>
        WriteAsync(context, new ProblemDetails(title, status, detail));

    private static Task WriteAsync(HttpContext context, ProblemDetails problem)
    {
        HttpResponse response = context.Response;
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(problem, ProblemJson.Default.ProblemDetails);
        response.StatusCode = problem.Status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body).AsTask();
    }

    public static Task NotFoundAsync(HttpContext context, string detail) => WriteAsync(context, StatusCodes.Status404NotFound, "Not found", detail);

    public static Task UnavailableAsync(HttpContext context, string detail) =>
        UnavailableAsync(context, new Unavailability(detail));

    public static Task UnavailableAsync(HttpContext context, Unavailability reason)
    {
        context.Response.Headers.RetryAfter = reason.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return WriteAsync(
            context, new ProblemDetails(reason.Title, StatusCodes.Status503ServiceUnavailable, reason.Detail) { Full = reason.Full });
    }
}

internal sealed record ProblemDetails(string Title, int Status, string Detail)
{
    public string Type { get; } = "about:blank";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FullLimit? Full { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class ProblemJson : JsonSerializerContext;
