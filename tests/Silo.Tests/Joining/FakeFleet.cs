using System.Net;
using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>One call as the fleet got it; its signature was good.</summary>
internal sealed record FleetCall(HttpMethod Method, Uri Url, JsonElement Body, string Signer)
{
    public string What =>
        Url.AbsolutePath.Split('/') is [.., var last] && last is "heartbeat" or "drain" or "events" or "spans" ? last : "enrol";

    public string? this[string name] => Body.TryGetProperty(name, out JsonElement value) ? value.ToString() : null;

    public IReadOnlyList<string> Replicas => [.. Body.GetProperty("replicas").EnumerateArray().Select(each => each.GetString()!)];
}

/// <summary>Silos without a network: keeps what it is told, and misbehaves as it is told.</summary>
internal sealed class FakeFleet : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly List<FleetCall> _calls = [];
    private TaskCompletionSource _changed = New();

    /// <summary>Answers instead of the usual; null for what it leaves to it.</summary>
    public Func<FleetCall, HttpResponseMessage?>? Instead { get; set; }

    public IReadOnlyList<FleetCall> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    public IEnumerable<FleetCall> Of(string what) => Calls.Where(call => call.What == what);

    /// <summary>Waits for calls that are like this.</summary>
    public async Task<IReadOnlyList<FleetCall>> WaitForAsync(Func<FleetCall, bool> isSuch, int count = 1)
    {
        while (true)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            List<FleetCall> such = [.. Calls.Where(isSuch)];
            if (such.Count >= count)
            {
                return such;
            }

            await changed.WaitAsync(ServingScene.Limit);
        }
    }

    public static HttpResponseMessage Answer(HttpStatusCode status, string body, string? retryAfter = null)
    {
        HttpResponseMessage answer = new(status) { Content = new StringContent(body) };
        if (retryAfter is not null)
        {
            answer.Headers.Add("Retry-After", retryAfter);
        }

        return answer;
    }

    public static HttpResponseMessage Refusal(HttpStatusCode status, string slug, string detail = "for a reason") => Answer(
        status, $$"""{"type":"urn:phasemesh:problem:{{slug}}","title":"No","status":{{(int)status}},"detail":"{{detail}}"}""");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        RequestVerdict verdict = RequestSignature.Verify(request.Method.Method, request.RequestUri!.PathAndQuery, body,
            name => request.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.Single() : null,
            TimeProvider.System.GetUtcNow());
        Assert.True(verdict.IsGood, verdict.Message);
        JsonElement json = body.Length == 0 ? default : JsonDocument.Parse(body).RootElement;
        FleetCall call = new(request.Method, request.RequestUri, json, verdict.Signer.KeyId);
        lock (_gate)
        {
            _calls.Add(call);
        }

        Interlocked.Exchange(ref _changed, New()).SetResult();
        return Instead?.Invoke(call) ?? Answer(HttpStatusCode.OK, call.What switch
        {
            "enrol" => """{"state":"joining","heartbeat_seconds":3600,"more":{}}""",
            "heartbeat" => """{"state":"serving","heartbeat_seconds":3600}""",
            _ => "{}",
        });
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
