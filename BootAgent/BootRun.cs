using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Kexec;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.BootAgent.Verify;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent;

/// <summary>One boot: 1. manifest, 2. kernel, 3. initramfs and rootfs, 4. seal or name what is verified; then kexec.</summary>
/// <param name="turns">
/// Whom to ask. After a failure that is the providers' the steps begin again with others, and when there are none, after a pause with all.
/// </param>
internal sealed class BootRun(
    AgentOptions options, FetchLimits limits, DiscoveryLimits discoveryLimits, HttpTransport transport, IKexec kexec, ProviderTurns turns,
    BootConsole console, BootReporter report)
{
    private const int Steps = 4;
    private readonly ManifestJudge _judge = new(options, new ClockFloor(console.Time.GetUtcNow(), options.NotBefore));

    public async Task<AgentExitCode> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await BootAsync(cancellationToken);
            return AgentExitCode.Ok;
        }
        catch (BootFailedException failure)
        {
            console.EndProgress();
            console.Failed(failure.Message);
            await report.FailedAsync(failure.ExitCode, failure.Message);
            return failure.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            console.EndProgress();
            console.Failed("stopped by a signal; nothing of this boot was kept");
            await report.FailedAsync(AgentExitCode.Interrupted, "stopped by a signal");
            return AgentExitCode.Interrupted;
        }
        catch (Exception defect)
        {
            await report.FailedAsync(AgentExitCode.Unexpected, $"{defect.GetType().Name}: {defect.Message}");
            throw;
        }
    }

    private async Task BootAsync(CancellationToken cancellationToken)
    {
        foreach (string warning in options.Warnings)
        {
            console.Warn(warning);
        }

        console.Banner("PHASE BOOT - Fetching from Provider");
        console.Debug($"boot {options.BootId}: {options.Channel}/{options.Arch}, mode {options.ModeName}");
        await new BootRounds(turns, options.RetryLimit, discoveryLimits, console).RunAsync(RoundAsync, cancellationToken);
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        SearchTrace search = new(report.Trace, turns);
        IReadOnlyList<ProviderCandidate> providers;
        try
        {
            providers = await turns.FirstAsync(cancellationToken);
        }
        catch (BootFailedException failure)
        {
            search.Fail(failure.Message);
            throw;
        }

        while (true)
        {
            try
            {
                await AttemptAsync(providers, search, cancellationToken);
                return;
            }
            catch (BootFailedException failure)
            {
                search = new SearchTrace(report.Trace, turns);
                providers = await turns.NextAsync(failure, cancellationToken);
            }
        }
    }

    private async Task AttemptAsync(
        IReadOnlyList<ProviderCandidate> providers, SearchTrace search, CancellationToken cancellationToken)
    {
        foreach (ProviderCandidate provider in providers)
        {
            console.Line($"Provider: {provider} ({provider.FoundBy})");
        }

        console.Line();
        report.Discovered(providers);

        // 1.
        console.Step(1, Steps, "Fetching manifest");
        ManifestChoice choice = await ChooseAsync(providers, search, cancellationToken);
        turns.Choose(choice.Sources.Select(source => source.Provider));
        BootManifest manifest = choice.Manifest;
        List<ProviderCandidate> sources = [.. choice.Sources.Select(source => source.Provider)];
        TargetCommandLine.Build(manifest, options, sources); // One that is too long is found before the download.
        using IArtifactStorage storage = options.OutputDirectory is { } directory
            ? new OutputDirectory(directory, manifest)
            : new BootImage(manifest, MemoryInfo.AvailableBytes(), console);
        FetchContext context = new(transport, limits, console,
            [.. choice.Sources.Select(source => new ProviderSession(source.Provider, source.Directory))]);

        // 2. and 3.
        BootSpan fetching = report.Trace.Begin(TraceKeys.Fetch);
        await fetching.DuringAsync(() => FetchAllAsync(context, manifest, storage, fetching, cancellationToken));

        // 4.
        console.Line();
        console.Step(4, Steps, "Verifying downloads");
        report.Verified(context.Sessions);
        BootSpan verifying = report.Trace.Begin(TraceKeys.Verify);
        BootSpan? loading = null;
        (string commandLine, string? ticket) = await verifying.DuringAsync(async () =>
        {
            string? granted = await report.TicketAsync(cancellationToken);
            string line = TargetCommandLine.Build(manifest, options, sources, granted);
            WarnOfWhatDoesNotFit(line);
            console.Ok($"Files verified; {storage.Complete(manifest, line, LastWords)}");
            console.Banner("Download Complete!");
            return (line, granted);
        });

        if (storage is not BootImage image)
        {
            await report.DoneAsync(cancellationToken);
            return;
        }

        console.Debug($"command line: {TargetCommandLine.Shown(commandLine, ticket)}");
        console.Line("Attempting kexec...");
        await loading!.DuringAsync(() => new KexecBoot(kexec, () => KernelPolicy.Read(), console).RunAsync(
            image.Kernel, image.Initrd, commandLine, () =>
            {
                loading.End();
                return report.HandingOverAsync(cancellationToken);
            }));

        // What is sealed can't be added to: all that follows is told by this kernel or by nobody, but that kexec was about to begin.
        byte[] LastWords()
        {
            verifying.End();
            loading = report.Trace.Begin(TraceKeys.KexecLoad);
            return report.Carried(loading);
        }
    }

    private void WarnOfWhatDoesNotFit(string commandLine)
    {
        if (options.Fleet.Count > 0 && !commandLine.Contains(TargetCommandLine.FleetParameter, StringComparison.Ordinal))
        {
            console.Warn("phase.fleet does not fit the next kernel's command line; the booted node will not join by itself");
        }

        if (options.Announced.Count > 0 && !commandLine.Contains(TargetCommandLine.AnnounceParameter, StringComparison.Ordinal))
        {
            console.Warn("phase.announce does not fit the next kernel's command line; the booted node will name its own addresses");
        }
    }

    private async Task FetchAllAsync(
        FetchContext context, BootManifest manifest, IArtifactStorage storage, BootSpan span, CancellationToken cancellationToken)
    {
        long totalBytes = manifest.Artifacts.Values.Sum(artifact => artifact.SizeBytes);
        await using FetchMeter? meter = report.Fetching(context.Sessions, totalBytes);
        context = context with { Began = meter is null ? null : meter.Follow };
        foreach (ArtifactKind kind in ArtifactKinds.All.Where(manifest.Artifacts.ContainsKey))
        {
            console.Line();
            console.Step(kind == ArtifactKind.Kernel ? 2 : 3, Steps, $"Downloading {kind.Name()}");
            ArtifactSlot slot = storage.SlotOf(kind);
            BootSpan fetching = span.Begin($"{TraceKeys.Fetch} {kind.Name()}");
            await fetching.DuringAsync(() => FetchAsync(context, slot, fetching, cancellationToken));
            meter?.Finish(slot.Artifact.SizeBytes);
        }
    }

    private async Task<ManifestChoice> ChooseAsync(
        IReadOnlyList<ProviderCandidate> providers, SearchTrace search, CancellationToken cancellationToken)
    {
        BootSpan span = report.Trace.Begin(TraceKeys.Manifest);
        AssignedRelease? assigned = null;
        ManifestChoice choice = await span.DuringAsync(async () =>
        {
            ManifestCollector collector = new(transport, limits, console, options, span);
            IReadOnlyList<ManifestOffer> offers = await collector.CollectAsync(providers, turns.Order, _judge.IsTrusted, cancellationToken);
            search.End();
            assigned = await report.AssignedAsync(cancellationToken);
            ManifestChoice chosen = _judge.Choose(offers, assigned?.Manifest);
            span.Set(TraceTag.Of(TraceKeys.ManifestDigest, chosen.Manifest.Digest.ToString()));
            return chosen;
        });
        BootManifest manifest = choice.Manifest;
        report.Chosen(manifest);
        if (assigned is not null && assigned.Manifest != manifest.Digest)
        {
            console.Warn($"the fleet gives this machine {assigned}, which no provider offers signed by a trusted key; booting the newest "
                + "there is");
        }
        foreach (RefusedOffer refused in choice.Refused)
        {
            console.Warn($"{refused.Provider} is not used: {refused.Reason}");
        }

        if (choice.IsDisputed)
        {
            console.Warn($"two trusted manifests call themselves release {manifest.Release}; using {manifest.Digest}. "
                + "Find out which key signed both");
        }

        if (!choice.Clock.IsClockPlausible && manifest.Expires is not null)
        {
            console.Warn($"this machine's clock says {choice.Clock.Clock:yyyy-MM-dd}, which is before {choice.Clock.NotBefore:yyyy-MM-dd}; "
                + "expiry is checked against the latter. Set the clock");
        }

        string release = manifest.Release is { } number ? $", release {number}" : string.Empty;
        console.Ok($"Manifest downloaded (version {manifest.Version}{release}, {manifest.Channel}/{manifest.Arch})");
        console.Detail($"Signed by: {string.Join(", ", choice.Signers)}");
        foreach (ManifestArtifact artifact in manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind))
        {
            int chunks = artifact.Chunks?.Count ?? 0;
            console.Debug($"{artifact.Kind.Name()}: {artifact.Digest}, {artifact.SizeBytes} bytes, {chunks} chunk digests");
        }

        return choice;
    }

    private async Task FetchAsync(FetchContext context, ArtifactSlot slot, BootSpan span, CancellationToken cancellationToken)
    {
        string name = slot.Artifact.Kind.Name();
        span.Set(TraceTag.Of(TraceKeys.ArtifactDigest, slot.Artifact.Digest.ToString()));
        span.Set(TraceTag.Of(TraceKeys.ArtifactSize, slot.Artifact.SizeBytes));
        BlobCache? cache = options.CacheDirectory is { } directory ? new BlobCache(directory, !options.NoWrite, console) : null;
        if (cache?.TryTake(slot) == true)
        {
            span.Set(TraceTag.Of(TraceKeys.FromCache, true));
            console.Ok($"{name} taken from the cache ({ByteText.Of(slot.Artifact.SizeBytes)})");
            return;
        }

        ArtifactTrace artifact = new(span, context.Sessions);
        TimeSpan took;
        try
        {
            took = await ArtifactFetcher.FetchAsync(context with { Trace = artifact }, slot, cancellationToken);
        }
        finally
        {
            artifact.Delivered();
        }

        double seconds = Math.Max(took.TotalSeconds, 0.001);
        long bytes = slot.Artifact.SizeBytes;
        console.Ok($"{name} downloaded ({ByteText.Of(bytes)} in {seconds:0.0} s, {ByteText.Rate(bytes / seconds)})");
        cache?.Store(slot);
    }
}
