using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>Asks the gateways that were named how they are, side by side; one that is away costs the others nothing but a second.</summary>
internal sealed class TopGateways(IReadOnlyList<Uri> urls) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Limit, MaxResponseContentBufferSize = 4 << 20 };

    public async Task<IReadOnlyList<TopGateway>> AskAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(urls.Select(url => AskAsync(url, cancellationToken)));

    public void Dispose() => _http.Dispose();

    private async Task<TopGateway> AskAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync(url, cancellationToken);
            using JsonDocument status = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            return status.RootElement.Text("state") is not null
                ? new TopGateway(url, status.RootElement.Clone(), null)
                : new TopGateway(url, null, $"it answers {(int)answer.StatusCode}, and is no gateway");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new TopGateway(url, null, $"no answer within {Limit.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException)
        {
            return new TopGateway(url, null, failure.Message);
        }
    }
}
