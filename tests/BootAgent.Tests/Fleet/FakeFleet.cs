using System.Net;
using System.Text;
using System.Text.Json;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tests.Fleet;

/// <summary>One request as the fleet got it, its signature checked.</summary>
internal sealed record FleetCall(Uri Url, JsonElement Body, string? Log, RequestVerdict Signature)
{
    public bool IsCreation => Url.AbsolutePath == "/v1/boots";

    public bool IsSpans => Url.AbsolutePath.EndsWith("/spans", StringComparison.Ordinal);

    public IEnumerable<JsonElement> Events => IsCreation || IsSpans || Log is not null ? [] : Body.EnumerateArray();
}

/// <summary>Silos without a network: keeps what it is told, and misbehaves as it is told.</summary>
internal sealed class FakeFleet : HttpMessageHandler
{
    public const string Ticket = "pt1-00112233445566778899aabbccddeeff-0f0e0d0c0b0a09080706050403020100";

    private readonly Lock _gate = new();
    private readonly List<FleetCall> _calls = [];

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The <c>current</c> of its answer, as JSON.</summary>
    public string Current { get; set; } = "null";

    /// <summary>Answers instead of the usual; null for what it leaves to it.</summary>
    public Func<FleetCall, CancellationToken, Task<HttpResponseMessage?>>? Instead { get; set; }

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

    public IReadOnlyList<JsonElement> Events => [.. Calls.SelectMany(call => call.Events)];

    public IReadOnlyList<string> Phases => [.. Events.Select(told => told.GetProperty("phase").GetString()!)];

    /// <summary>The spans told, each as it was told last; their order is that of the first time.</summary>
    public IReadOnlyList<TraceSpan> Spans
    {
        get
        {
            List<TraceSpan> told = [];
            foreach (TraceSpan span in Calls.Where(call => call.IsSpans)
                .SelectMany(call => SpansOf(call.Body, call.Url.Segments[3].TrimEnd('/'))))
            {
                int known = told.FindIndex(each => each.Id == span.Id);
                told.Insert(known < 0 ? told.Count : known, span);
                if (known >= 0)
                {
                    told.RemoveAt(known + 1);
                }
            }

            return told;
        }
    }

    public string Log => string.Concat(Calls.Select(call => call.Log));

    public static IReadOnlyList<TraceSpan> SpansOf(JsonElement document, string bootId)
    {
        Assert.True(
            TraceReader.TryRead(
                Encoding.UTF8.GetBytes(document.GetRawText()), bootId, out IReadOnlyList<TraceSpans>? sources, out string problem),
            problem);
        Assert.Equal("phase-agent", Assert.Single(sources).Source.Service);
        return sources[0].Spans;
    }

    public static HttpResponseMessage Answer(HttpStatusCode status, string body = "") => new(status) { Content = new StringContent(body) };

    public static Func<FleetCall, CancellationToken, Task<HttpResponseMessage?>> Always(HttpStatusCode status, string body = "") =>
        (_, _) => Task.FromResult<HttpResponseMessage?>(Answer(status, body));

    /// <summary>Takes requests and never answers.</summary>
    public static async Task<HttpResponseMessage?> NeverAsync(FleetCall call, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return null;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        Assert.InRange(body.Length, 1, 64 * 1024);
        RequestVerdict signature = RequestSignature.Verify(request.Method.Method, request.RequestUri!.PathAndQuery, body,
            name => request.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.Single() : null, Time.GetUtcNow());
        bool isText = request.Content.Headers.ContentType!.ToString() == "text/plain; charset=utf-8";
        JsonElement json = isText ? default : JsonDocument.Parse(body).RootElement;
        FleetCall call = new(request.RequestUri, json, isText ? Encoding.UTF8.GetString(body) : null, signature);
        Assert.Equal(isText, request.RequestUri.AbsolutePath.EndsWith("/log", StringComparison.Ordinal));
        Assert.InRange(call.Log?.Length ?? 1, 1, 16 * 1024);
        if (Instead is { } instead && await instead(call, cancellationToken) is { } answer)
        {
            return answer;
        }

        Assert.True(signature.IsGood, signature.Message);
        lock (_gate)
        {
            Assert.DoesNotContain(_calls, other => other.Signature.Nonce == signature.Nonce);
            _calls.Add(call);
        }

        return call.IsCreation
            ? Answer(HttpStatusCode.Created, $$"""{"ticket":"{{Ticket}}","current":{{Current}},"unknown":[1]}""")
            : Answer(HttpStatusCode.OK, "{}");
    }
}
