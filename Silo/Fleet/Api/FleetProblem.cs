using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Cluster.Storage;
using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>An error as RFC 9457 problem details.</summary>
/// <param name="Status">HTTP's.</param>
/// <param name="Slug">The last part of <c>type</c>; never changes its meaning.</param>
/// <param name="Title">The slug for people.</param>
/// <param name="Detail">What was found, what was expected, what follows.</param>
/// <param name="RetryAfter">When to come again; null: the same call will fail again.</param>
internal sealed record FleetProblem(int Status, string Slug, string Title, string Detail, TimeSpan? RetryAfter = null)
{
    public const string TypePrefix = "urn:phasemesh:problem:";

    /// <summary>The storage is probed this often while it is away.</summary>
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(2);

    public static FleetProblem NotSigned(string detail) =>
        new(StatusCodes.Status401Unauthorized, "not-signed", "The call must be signed", detail);

    public static FleetProblem Malformed(string detail) =>
        new(StatusCodes.Status401Unauthorized, "signature-malformed", "The signature's headers break their rules", detail);

    public static FleetProblem Skewed(string detail) =>
        new(StatusCodes.Status401Unauthorized, "skewed", "The clocks differ too much", detail);

    public static FleetProblem BadSignature(string detail) =>
        new(StatusCodes.Status401Unauthorized, "bad-signature", "The signature is not the caller's", detail);

    public static FleetProblem TooLarge(string detail) =>
        new(StatusCodes.Status413PayloadTooLarge, "too-large", "The body is too large", detail);

    public static FleetProblem Replayed(string detail) => new(StatusCodes.Status409Conflict, FleetRefusals.Replayed, "Seen before", detail);

    public static FleetProblem NotAllowed(string detail) =>
        new(StatusCodes.Status403Forbidden, FleetRefusals.NotAllowed, "Not allowed", detail);

    public static FleetProblem NotFound(string detail) => new(StatusCodes.Status404NotFound, FleetRefusals.NotFound, "Not found", detail);

    public static FleetProblem TooMany(string detail, TimeSpan retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, FleetRefusals.TooMany, "Too many", detail, retryAfter);

    public static FleetProblem Of(FleetRefusedException refused) => refused.Kind switch
    {
        RefusalKind.Invalid => new(StatusCodes.Status400BadRequest, refused.Slug, "Not valid", refused.Message),
        RefusalKind.Forbidden => new(StatusCodes.Status403Forbidden, refused.Slug, "Not allowed", refused.Message),
        RefusalKind.NotFound => new(StatusCodes.Status404NotFound, refused.Slug, "Not found", refused.Message),
        RefusalKind.Conflict => new(StatusCodes.Status409Conflict, refused.Slug, "Contradicts what is there", refused.Message),
        _ => new(StatusCodes.Status429TooManyRequests, refused.Slug, "Too many", refused.Message, TimeSpan.FromSeconds(30)),
    };

    /// <returns>Null for a fault of this silo's own.</returns>
    public static FleetProblem? Of(Exception exception) => exception switch
    {
        FleetRefusedException refused => Of(refused),
        StorageUnavailableException away => new(StatusCodes.Status503ServiceUnavailable, "storage-away", "The fleet's database is away",
            away.IsOutcomeUnknown
                ? $"The database is away since {away.Since:u}; whether the call took effect is not known. Repeat it with a new nonce."
                : $"The database is away since {away.Since:u}; nothing was changed. Repeat the call with a new nonce.",
            StorageRetry),
        InconsistentStateException => new(StatusCodes.Status503ServiceUnavailable, "contended", "Too many change this at once",
            "The call lost to others again and again; nothing was changed. Repeat it with a new nonce.", TimeSpan.FromSeconds(1)),
        TimeoutException => new(StatusCodes.Status503ServiceUnavailable, "slow", "The silo is too slow now",
            "The call did not end within its limit; whether it took effect is not known. Repeat it with a new nonce.", StorageRetry),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } large => TooLarge(large.Message),
        BadHttpRequestException bad => new(bad.StatusCode, FleetRefusals.Invalid, "Not valid", bad.Message),
        _ => null,
    };

    public Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (RetryAfter is { } retry)
        {
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(retry.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        JsonObject body = new()
        {
            ["type"] = TypePrefix + Slug,
            ["title"] = Title,
            ["status"] = Status,
            ["detail"] = Detail,
        };
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(body, FleetJson.Options);
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes).AsTask();
    }
}
