using System.Net;
using System.Text.Json;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary>Asks a provider for its status: one request, bounded in time and size, redirects not followed.</summary>
internal static class ProviderClient
{
    public const int MaxBodyBytes = 4 << 20;

    /// <exception cref="CommandException">No answer, or none a provider gives.</exception>
    public static async Task<ProviderStatus> GetStatusAsync(Uri url, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = timeout };
        using var client = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = MaxBodyBytes };
        client.DefaultRequestHeaders.UserAgent.ParseAdd($"plasmd/{VersionAction.Version}");
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        try
        {
            // The whole answer counts against the time-out and the size, not only its headers.
            using HttpResponseMessage response = await client.GetAsync(url, HttpCompletionOption.ResponseContentRead, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK
                ? Read(await response.Content.ReadAsByteArrayAsync(cancellationToken))
                : throw NoProvider(url, $"it answers {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.NotReachable,
                $"No answer from {url} within {timeout.TotalSeconds:0.#} s; is it under load, or behind a firewall? See --timeout.");
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw NoProvider(url, $"its answer is larger than {HumanSize.Of(MaxBodyBytes)}");
        }
        catch (HttpRequestException failure)
        {
            throw new CommandException(ExitCode.NotReachable,
                $"No provider answers at {url}: {SingleLine.Of(failure.Message)}. Is plasmd running there? Give its address with --url.");
        }
        catch (JsonException malformed)
        {
            throw NoProvider(url, $"its answer is not a provider's status ({SingleLine.Of(malformed.Message)})");
        }
    }

    private static ProviderStatus Read(byte[] json)
    {
        ProviderStatus? status = JsonSerializer.Deserialize(json, ProviderStatusJson.Default.ProviderStatus);
        if (status is not { Name: "plasmd" })
        {
            throw new JsonException("name is not plasmd");
        }

        // Annotations do not reach into lists, so a null among the items is found here.
        bool hasHoles = status.Libp2p?.Addresses.Contains(null!) == true ||
            status.Releases.Any(release => release is null || release.Signers.Contains(null!) || release.Artifacts.Contains(null!));
        return hasHoles ? throw new JsonException("a list in it has null items") : status;
    }

    private static CommandException NoProvider(Uri url, string problem) =>
        new(ExitCode.NotReachable, $"{url} is no provider: {problem}. Check the address, --url.");
}
