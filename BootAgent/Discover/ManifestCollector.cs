using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>Asks every provider for the manifest, all at once, and within a time limit.</summary>
internal sealed class ManifestCollector(HttpTransport transport, FetchLimits limits, BootConsole console, AgentOptions options)
{
    /// <param name="isTrusted">Judges a manifest but for its expiry. Once one passes, the others have only the grace period left.</param>
    /// <param name="hasOthers">Somebody else could be asked: what does not answer at the first try is not tried again now.</param>
    public async Task<IReadOnlyList<ManifestOffer>> CollectAsync(
        IReadOnlyList<ProviderCandidate> providers, Func<BootManifest, bool> isTrusted, Func<bool> hasOthers,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(limits.ManifestTimeLimit, console.Time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        return await Task.WhenAll(providers.Select(async provider =>
        {
            ManifestOffer offer = await AskAsync(provider, hasOthers, both.Token, cancellationToken);
            console.Debug($"{provider}: {(offer.Manifest is null ? offer.Problem : $"manifest {offer.Manifest.Digest}")}");
            if (offer.Manifest is not null && isTrusted(offer.Manifest))
            {
                limit.CancelAfter(limits.ManifestGrace);
            }

            return offer;
        }));
    }

    /// <summary>Retries what may pass; the last fault stands when the time is over.</summary>
    private async Task<ManifestOffer> AskAsync(
        ProviderCandidate provider, Func<bool> hasOthers, CancellationToken timeLimit, CancellationToken cancellationToken)
    {
        FetchFault last = new(FaultKind.Stalled, "did not answer in time");
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                ManifestOffer offer = await AskOnceAsync(provider, timeLimit);
                if (offer.Fault is not { IsTransient: true } || hasOthers())
                {
                    return offer;
                }

                last = offer.Fault;
                await Task.Delay(limits.PauseAfter(attempt), console.Time, timeLimit);
            }
            catch (OperationCanceledException) when (timeLimit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                return new ManifestOffer(provider, null, string.Empty, last, null);
            }
        }
    }

    private async Task<ManifestOffer> AskOnceAsync(ProviderCandidate provider, CancellationToken cancellationToken)
    {
        FetchFault? fault = null;
        foreach (string directory in (string[])[$"/{options.Channel}/{options.Arch}", string.Empty])
        {
            using CancellationTokenSource attempt = new(limits.ManifestAttemptLimit, console.Time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, attempt.Token);
            byte[]? bytes;
            try
            {
                (bytes, fault) = await DownloadAsync(provider.Url.At(directory + "/manifest.json"), either.Token);
            }
            catch (OperationCanceledException) when (attempt.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                (bytes, fault) = (null, new FetchFault(FaultKind.Stalled,
                    $"did not deliver its manifest within {limits.ManifestAttemptLimit.TotalSeconds:0.#} s"));
            }

            if (bytes is not null)
            {
                return BootManifest.TryParse(bytes, out BootManifest? manifest, out ManifestFormatException? error)
                    ? new ManifestOffer(provider, manifest, directory, null, null)
                    : new ManifestOffer(provider, null, directory, null, ParameterValues.Shown(error?.Message ?? "not a manifest", 300));
            }

            if (fault?.Kind != FaultKind.NotFound)
            {
                break;
            }
        }

        return new ManifestOffer(provider, null, string.Empty, fault, null);
    }

    private async Task<(byte[]? Bytes, FetchFault? Fault)> DownloadAsync(Uri url, CancellationToken cancellationToken)
    {
        (HttpResponseMessage? response, FetchFault? fault) = await transport.GetAsync(url, null, null, cancellationToken);
        if (response is null)
        {
            return (null, fault);
        }

        using (response)
        {
            FetchFault tooLarge = new(FaultKind.TooManyBytes, $"sends a manifest of more than {BootManifest.MaxBytes} bytes");
            if (response.Content.Headers.ContentLength > BootManifest.MaxBytes)
            {
                return (null, tooLarge);
            }

            try
            {
                long announced = response.Content.Headers.ContentLength ?? BootManifest.MaxBytes;
                byte[] buffer = new byte[Math.Min(announced, BootManifest.MaxBytes) + 1];
                await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
                int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
                return length == buffer.Length ? (null, tooLarge) : (buffer[..length], null);
            }
            catch (Exception error) when (NetworkFaults.IsNetwork(error))
            {
                return (null, NetworkFaults.From(error));
            }
        }
    }
}
