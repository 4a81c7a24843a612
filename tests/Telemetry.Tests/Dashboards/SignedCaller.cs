using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>Calls silos as agents, nodes and operators do.</summary>
internal sealed class SignedCaller : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };

    /// <param name="body">Bytes, or what becomes JSON.</param>
    /// <exception cref="HttpRequestException">The silo's answer has another status; the message has it.</exception>
    public async Task<JsonElement> SendAsync(
        Uri silo, HttpMethod method, string path, object body, Ed25519PrivateKey key, HttpStatusCode expected = HttpStatusCode.OK)
    {
        byte[] bytes = body as byte[] ?? JsonSerializer.SerializeToUtf8Bytes(body, Json);
        using HttpRequestMessage request = new(method, new Uri(silo, path)) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach ((string name, string value) in RequestSignature.Sign(method.Method, path, bytes, key, TimeProvider.System.GetUtcNow()))
        {
            request.Headers.Add(name, value);
        }

        using HttpResponseMessage response = await _http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        if (response.StatusCode != expected)
        {
            throw new HttpRequestException($"{method} {path}: expected {(int)expected}, found {(int)response.StatusCode}: {text}");
        }

        using JsonDocument answer = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return answer.RootElement.Clone();
    }

    public void Dispose() => _http.Dispose();
}
