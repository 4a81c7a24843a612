namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>Answers that are no problems. None is to be cached: a fleet changes.</summary>
internal static class FleetResults
{
    public static IResult None { get; } = TypedResults.NoContent();

    public static IResult Ok<T>(T value) => TypedResults.Json(value, FleetJson.Options);

    public static IResult Created<T>(string location, T value) => new CreatedResult<T>(location, value);

    public static IResult Text(string text) => TypedResults.Text(text, "text/plain; charset=utf-8");

    public static IResult Json(ReadOnlyMemory<byte> bytes) => TypedResults.Bytes(bytes, "application/json");

    private sealed class CreatedResult<T>(string location, T value) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.Location = location;
            return TypedResults.Json(value, FleetJson.Options, statusCode: StatusCodes.Status201Created).ExecuteAsync(httpContext);
        }
    }
}
