using System.Net;
using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Misbehaviours;

/// <summary>What became of a report.</summary>
/// <param name="IsFinal">A silo took it, or refused it for good; otherwise it is to be told again.</param>
/// <param name="IsTaken">A silo took it.</param>
/// <param name="Message">What it said, or why nobody did.</param>
internal readonly record struct ReportOutcome(bool IsFinal, bool IsTaken, string Message);

/// <summary>Tells silos, one after the other, by requests signed with the gateway's key.</summary>
internal sealed class ReportSender(TimeProvider clock) : IDisposable
{
    private const int MaxAnswerBytes = 64 << 10;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
    })
    { Timeout = Limit, MaxResponseContentBufferSize = MaxAnswerBytes };

    public async Task<ReportOutcome> SendAsync(
        IReadOnlyList<Uri> silos, PendingReport report, Ed25519PrivateKey key, CancellationToken cancellationToken)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(report, ReportJson.Default.PendingReport);
        string problem = "no silo is configured";
        foreach (Uri silo in silos)
        {
            Uri place = new(silo, $"/v1/providers/{report.Provider}/misbehaviour");
            using HttpRequestMessage request = new(HttpMethod.Post, place) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            foreach ((string name, string value) in RequestSignature.Sign("POST", place.PathAndQuery, body, key, clock.GetUtcNow()))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            try
            {
                using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
                string said = $"{(int)answer.StatusCode} {Excerpt(await answer.Content.ReadAsStringAsync(cancellationToken))}";
                if (answer.IsSuccessStatusCode)
                {
                    return new ReportOutcome(IsFinal: true, IsTaken: true, said);
                }

                problem = $"{silo} answered {said}";

                // 401: a clock that is off; 429 and 5xx: later.
                if (answer.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
                    and not (HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout))
                {
                    return new ReportOutcome(IsFinal: true, IsTaken: false, problem);
                }
            }
            catch (Exception e) when (e is HttpRequestException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                problem = $"{silo}: {e.Message}";
            }
        }

        return new ReportOutcome(IsFinal: false, IsTaken: false, problem);
    }

    public void Dispose() => _http.Dispose();

    private static string Excerpt(string text)
    {
        string line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= 300 ? line : line[..300] + "...";
    }
}
