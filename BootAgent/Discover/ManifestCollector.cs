using System.Collections.Concurrent;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>Asks providers for the manifest, side by side, while others may still be found.</summary>
/// <param name="span">Of the choice of a manifest, to which each provider's answer is an event.</param>
internal sealed class ManifestCollector(
    HttpTransport transport, FetchLimits limits, BootConsole console, AgentOptions options, BootSpan span)
{
    /// <param name="first">Those to ask now; the order names the others as their time comes.</param>
    /// <param name="isTrusted">Judges a manifest but for its expiry. Once one passes, the others have only the grace period left.</param>
    /// <returns>What everybody asked has answered, best ranked first.</returns>
    public async Task<IReadOnlyList<ManifestOffer>> CollectAsync(
        IReadOnlyList<ProviderCandidate> first, AskingOrder order, Func<BootManifest, bool> isTrusted, CancellationToken cancellationToken)
    {
        using CancellationTokenSource grace = new(Timeout.InfiniteTimeSpan, console.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, grace.Token);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(either.Token);
        ConcurrentQueue<ProviderCandidate> faulted = [];
        ChangeSignal fault = new();
        Task nextFault = fault.Next;
        List<ProviderCandidate> inOrder = [];
        List<Task<ManifestOffer>> running = [];
        List<ManifestOffer> offers = [];
        ProviderTier? usable = null;
        IReadOnlyList<ProviderCandidate> asked = first;
        try
        {
            while (true)
            {
                inOrder.AddRange(asked);
                foreach (ProviderCandidate provider in asked)
                {
                    span.Note(TraceKeys.Started, ArtifactTrace.Named(provider));
                }

                running.AddRange(asked.Select(provider => AskAsync(provider, ReportFault, either.Token, enough.Token, cancellationToken)));
                bool everybodyRefused = offers.Count > 0 && !offers.Exists(offer => offer.IsTransient);
                bool isOver = running.Count == 0
                    && (usable is { } tier ? order.HasSettled(tier) : !order.MayFindMore(everybodyRefused));
                if (isOver)
                {
                    return Ranked(offers, inOrder, isTrusted);
                }

                await order.WaitAsync([.. running, nextFault], usable, everybodyRefused, cancellationToken);
                nextFault = fault.Next;
                while (faulted.TryDequeue(out ProviderCandidate? provider))
                {
                    order.Failed(provider);
                }

                foreach (Task<ManifestOffer> ended in running.Where(task => task.IsCompleted).ToList())
                {
                    running.Remove(ended);
                    offers.Add(Take(await ended));
                }

                asked = order.Take(usable, running.Count);
                foreach (ProviderCandidate provider in asked)
                {
                    console.Detail($"Provider: {provider} ({provider.FoundBy})");
                }
            }
        }
        finally
        {
            await grace.CancelAsync();
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        void ReportFault(ProviderCandidate provider)
        {
            faulted.Enqueue(provider);
            fault.Raise();
        }

        ManifestOffer Take(ManifestOffer offer)
        {
            console.Debug($"{offer.Provider}: {(offer.Manifest is null ? offer.Problem : $"manifest {offer.Manifest.Digest}")}");
            if (offer.Manifest is null || !isTrusted(offer.Manifest))
            {
                string reason = offer.Manifest is null ? offer.Problem : "its manifest is not trusted";
                span.Note(TraceKeys.Failed, ArtifactTrace.Named(offer.Provider), ArtifactTrace.Reason(reason));
                order.Failed(offer.Provider);
                return offer;
            }

            span.Note(TraceKeys.Delivered, ArtifactTrace.Named(offer.Provider),
                TraceTag.Of(TraceKeys.Bytes, offer.Manifest.RawBytes.Length));
            order.Succeeded(offer.Provider);
            usable = usable < offer.Provider.Tier ? usable : offer.Provider.Tier;
            enough.Cancel();
            grace.CancelAfter(limits.ManifestGrace);
            return offer;
        }
    }

    /// <summary>
    /// Those named in the order of their naming, then the LAN before others, and there who answered soonest. A node that has delivered at
    /// two addresses is one source, at the better of them.
    /// </summary>
    private static List<ManifestOffer> Ranked(
        List<ManifestOffer> offers, List<ProviderCandidate> inOrder, Func<BootManifest, bool> isTrusted)
    {
        HashSet<string> nodes = [];
        return
        [
            .. offers.OrderBy(offer => offer.Provider.Tier)
                .ThenBy(offer => offer.Provider.Tier == ProviderTier.CommandLine ? 0 : (long)offer.Latency.TotalMilliseconds)
                .ThenByDescending(offer => offer.Provider.Tier == ProviderTier.CommandLine ? 0 : offer.Manifest?.Release ?? -1)
                .ThenBy(offer => inOrder.IndexOf(offer.Provider))
                .Where(offer => offer.Manifest is null || !isTrusted(offer.Manifest)
                    || offer.Provider.PeerId is not { } peer || nodes.Add(peer)),
        ];
    }

    /// <summary>Retries what may pass; the last fault stands when the time is over, or when there is enough without it.</summary>
    private async Task<ManifestOffer> AskAsync(
        ProviderCandidate provider, Action<ProviderCandidate> onFault, CancellationToken othersAreDone, CancellationToken enough,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(limits.ManifestTimeLimit, console.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(othersAreDone, limit.Token);
        FetchFault last = new(FaultKind.Stalled, "did not answer in time");
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                long started = console.Time.GetTimestamp();
                ManifestOffer offer = await AskOnceAsync(provider, either.Token);
                if (!offer.IsTransient || enough.IsCancellationRequested)
                {
                    return offer with { Latency = console.Time.GetElapsedTime(started) };
                }

                last = offer.Fault!;
                onFault(provider);
                await PauseAsync(PauseAfter(attempt, last), enough, either.Token);
                if (enough.IsCancellationRequested)
                {
                    return offer;
                }
            }
            catch (OperationCanceledException) when (either.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                return new ManifestOffer(provider, null, string.Empty, last, null);
            }
        }
    }

    /// <summary>A busy one's wish is obeyed as far as it leaves time for more attempts.</summary>
    private TimeSpan PauseAfter(int attempt, FetchFault fault)
    {
        TimeSpan usual = limits.PauseAfter(attempt);
        TimeSpan asked = fault.RetryAfter is { } wish ? limits.Obeyed(wish) : TimeSpan.Zero;
        TimeSpan obeyed = asked < limits.ManifestAttemptLimit ? asked : limits.ManifestAttemptLimit;
        return obeyed > usual ? obeyed : usual;
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken enough, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(enough, cancellationToken);
        await Task.Delay(pause, console.Time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<ManifestOffer> AskOnceAsync(ProviderCandidate provider, CancellationToken cancellationToken)
    {
        FetchFault? fault = null;
        foreach (string directory in ManifestPlaces.DirectoriesOf(options))
        {
            using CancellationTokenSource attempt = new(limits.ManifestAttemptLimit, console.Time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, attempt.Token);
            byte[]? bytes;
            try
            {
                (bytes, fault) = await DownloadAsync(provider.Url.At(directory + ManifestPlaces.FileName), either.Token);
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
        (HttpResponseMessage? response, FetchFault? fault) = await transport.GetAsync(url, null, null, span, cancellationToken);
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
