using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Kexec;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.BootAgent.Verify;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

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
        IReadOnlyList<ProviderCandidate> providers = await turns.FirstAsync(cancellationToken);
        while (true)
        {
            try
            {
                await AttemptAsync(providers, cancellationToken);
                return;
            }
            catch (BootFailedException failure)
            {
                providers = await turns.NextAsync(failure, cancellationToken);
            }
        }
    }

    private async Task AttemptAsync(IReadOnlyList<ProviderCandidate> providers, CancellationToken cancellationToken)
    {
        foreach (ProviderCandidate provider in providers)
        {
            console.Line($"Provider: {provider} ({provider.FoundBy})");
        }

        console.Line();
        report.Discovered(providers);

        // 1.
        console.Step(1, Steps, "Fetching manifest");
        ManifestChoice choice = await ChooseAsync(providers, cancellationToken);
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
        await FetchAllAsync(context, manifest, storage, cancellationToken);

        // 4.
        console.Line();
        console.Step(4, Steps, "Verifying downloads");
        report.Verified(context.Sessions);
        string? ticket = await report.TicketAsync(cancellationToken);
        string commandLine = TargetCommandLine.Build(manifest, options, sources, ticket);
        WarnOfWhatDoesNotFit(commandLine);

        console.Ok($"Files verified; {storage.Complete(manifest, commandLine)}");
        console.Banner("Download Complete!");
        if (storage is BootImage image)
        {
            console.Debug($"command line: {TargetCommandLine.Shown(commandLine, ticket)}");
            console.Line("Attempting kexec...");
            await new KexecBoot(kexec, () => KernelPolicy.Read(), console).RunAsync(
                image.Kernel, image.Initrd, commandLine, () => report.HandingOverAsync(cancellationToken));
        }
        else
        {
            await report.FlushAsync(cancellationToken);
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
        FetchContext context, BootManifest manifest, IArtifactStorage storage, CancellationToken cancellationToken)
    {
        long totalBytes = manifest.Artifacts.Values.Sum(artifact => artifact.SizeBytes);
        await using FetchMeter? meter = report.Fetching(context.Sessions, totalBytes);
        context = context with { Began = meter is null ? null : meter.Follow };
        foreach (ArtifactKind kind in ArtifactKinds.All.Where(manifest.Artifacts.ContainsKey))
        {
            console.Line();
            console.Step(kind == ArtifactKind.Kernel ? 2 : 3, Steps, $"Downloading {kind.Name()}");
            ArtifactSlot slot = storage.SlotOf(kind);
            await FetchAsync(context, slot, cancellationToken);
            meter?.Finish(slot.Artifact.SizeBytes);
        }
    }

    private async Task<ManifestChoice> ChooseAsync(IReadOnlyList<ProviderCandidate> providers, CancellationToken cancellationToken)
    {
        ManifestCollector collector = new(transport, limits, console, options);
        IReadOnlyList<ManifestOffer> offers = await collector.CollectAsync(providers, turns.Order, _judge.IsTrusted, cancellationToken);
        AssignedRelease? assigned = await report.AssignedAsync(cancellationToken);
        ManifestChoice choice = _judge.Choose(offers, assigned?.Manifest);
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

    private async Task FetchAsync(FetchContext context, ArtifactSlot slot, CancellationToken cancellationToken)
    {
        string name = slot.Artifact.Kind.Name();
        BlobCache? cache = options.CacheDirectory is { } directory ? new BlobCache(directory, !options.NoWrite, console) : null;
        if (cache?.TryTake(slot) == true)
        {
            console.Ok($"{name} taken from the cache ({ByteText.Of(slot.Artifact.SizeBytes)})");
            return;
        }

        TimeSpan took = await ArtifactFetcher.FetchAsync(context, slot, cancellationToken);
        double seconds = Math.Max(took.TotalSeconds, 0.001);
        long bytes = slot.Artifact.SizeBytes;
        console.Ok($"{name} downloaded ({ByteText.Of(bytes)} in {seconds:0.0} s, {ByteText.Rate(bytes / seconds)})");
        cache?.Store(slot);
    }
}
