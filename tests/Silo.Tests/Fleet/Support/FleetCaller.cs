using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Fleet.Support;

/// <summary>A silo's answer.</summary>
internal sealed record FleetAnswer(HttpStatusCode Status, JsonElement Json, string Text, HttpResponseHeaders Headers)
{
    /// <summary>Of a problem document; empty for other answers.</summary>
    public string Slug => Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty("type", out JsonElement type)
        ? type.GetString()!.Replace("urn:phasemesh:problem:", "", StringComparison.Ordinal)
        : "";

    public string? this[string name] => Json.GetProperty(name) is { ValueKind: not JsonValueKind.Null } value ? value.ToString() : null;

    public FleetAnswer Expect(HttpStatusCode status, string slug = "")
    {
        Assert.True(status == Status && slug == Slug, $"Expected {(int)status} '{slug}', found {(int)Status} '{Slug}': {Text}");
        return this;
    }
}

/// <summary>Calls one silo with one key; null: unsigned.</summary>
internal sealed class FleetCaller(Uri silo, Ed25519PrivateKey? key)
{
    private static readonly HttpClient Http =
        new(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { Timeout = ServingScene.Limit * 2 };

    public Ed25519PrivateKey? Key { get; } = key;

    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public Task<FleetAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<FleetAnswer> PostAsync(string path, object? body) => SendAsync(HttpMethod.Post, path, body);

    public Task<FleetAnswer> PutAsync(string path, object? body) => SendAsync(HttpMethod.Put, path, body);

    public Task<FleetAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public async Task<FleetAnswer> SendAsync(HttpMethod method, string path, object? body)
    {
        using HttpRequestMessage request = Request(method, path, body);
        return await SendAsync(request);
    }

    public static async Task<FleetAnswer> SendAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        JsonElement json = default;
        if (response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json")
        {
            using JsonDocument document = JsonDocument.Parse(text);
            json = document.RootElement.Clone();
        }

        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotModified)
        {
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Equal((int)response.StatusCode, json.GetProperty("status").GetInt32());
        }

        return new FleetAnswer(response.StatusCode, json, text, response.Headers);
    }

    /// <param name="body">null, bytes, text, or what becomes JSON.</param>
    /// <param name="at">When it claims to be signed.</param>
    public HttpRequestMessage Request(HttpMethod method, string path, object? body, DateTimeOffset? at = null)
    {
        byte[] bytes = body switch
        {
            null => [],
            byte[] raw => raw,
            string text => Encoding.UTF8.GetBytes(text),
            _ => JsonSerializer.SerializeToUtf8Bytes(body, Json),
        };
        HttpRequestMessage request = new(method, new Uri(silo, path));
        if (bytes.Length > 0)
        {
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        if (Key is not null)
        {
            Sign(request, bytes, Key, at ?? TimeProvider.System.GetUtcNow());
        }

        return request;
    }

    /// <summary>What someone who listened sends again.</summary>
    public static async Task<HttpRequestMessage> CopyAsync(HttpRequestMessage request, Uri silo)
    {
        HttpRequestMessage copy = new(request.Method, new Uri(silo, request.RequestUri!.PathAndQuery));
        if (request.Content is not null)
        {
            copy.Content = new ByteArrayContent(await request.Content.ReadAsByteArrayAsync());
        }

        foreach ((string name, IEnumerable<string> values) in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(name, values);
        }

        return copy;
    }

    public static void Sign(HttpRequestMessage request, byte[] body, Ed25519PrivateKey key, DateTimeOffset at)
    {
        foreach ((string name, string value) in RequestSignature.Sign(request.Method.Method, request.RequestUri!.PathAndQuery, body, key,
            at))
        {
            request.Headers.Remove(name);
            request.Headers.Add(name, value);
        }
    }
}
