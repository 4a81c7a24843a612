using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands.Dht;
using PhaseMesh.Silo.Commands.Neighbours;
using PhaseMesh.Silo.Commands.Progress;
using PhaseMesh.Silo.Configuration;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary>
/// Asks all that may know of releases, side by side: this machine's provider, its neighbours by mDNS, and the DHT. One that fails is named on
/// standard error, and the others' answers stand.
/// </summary>
internal sealed class AnnouncedReleases(CommandContext context, ProviderConfiguration configuration, TimeSpan time)
{
    public async Task<IReadOnlyList<ListedRelease>> ListAsync(CancellationToken cancellationToken)
    {
        await using ProgressLine progress = ProgressLine.Wait(context, "Listening and looking", time);
        IEnumerable<ListedRelease>[] answers = await Task.WhenAll(
            LocalAsync(cancellationToken), TryAsync("mDNS", NeighboursAsync, progress, cancellationToken),
            TryAsync("the DHT", DhtAsync, progress, cancellationToken));
        return [.. answers.SelectMany(answer => answer)
            .GroupBy(release => (release.Channel, release.Arch, Provider: release.PeerId ?? string.Join(' ', release.Urls)))
            .Select(accounts => accounts.Aggregate((first, next) => first.With(next)))
            .OrderBy(release => release.Channel, StringComparer.Ordinal).ThenBy(release => release.Arch, StringComparer.Ordinal)
            .ThenByDescending(release => release.Release).ThenBy(release => release.PeerId, StringComparer.Ordinal)];
    }

    private async Task<IEnumerable<ListedRelease>> LocalAsync(CancellationToken cancellationToken)
    {
        Uri url = ProviderClientOptions.UrlOf(configuration);
        try
        {
            ProviderStatus status = await ProviderClient.GetStatusAsync(url, time, cancellationToken);
            return status.State != "serving" ? [] : [.. status.Releases.Where(release => release.State == "serving").Select(release =>
                new ListedRelease(
                    release.Channel, release.Arch, status.PeerId, status.Node, release.Release, release.Manifest,
                    [new Uri(url, $"/{release.Channel}/{release.Arch}/manifest.json").AbsoluteUri], ["local"]))];
        }
        catch (CommandException)
        {
            return []; // A machine need not be a provider to look around.
        }
    }

    private async Task<IEnumerable<ListedRelease>> NeighboursAsync(CancellationToken cancellationToken) =>
        (await MdnsBrowseCommand.BrowseAsync(context, time, cancellationToken, showsProgress: false)).Select(neighbour => new ListedRelease(
            neighbour.Channel, neighbour.Arch, PeerIdOf(neighbour.Peer), neighbour.Peer, neighbour.Release, neighbour.Digest, neighbour.Urls,
            ["mdns"]));

    private async Task<IEnumerable<ListedRelease>> DhtAsync(CancellationToken cancellationToken)
    {
        if (await DhtCommandOptions.PeersAsync(configuration, time, cancellationToken) is not { } peers)
        {
            return [];
        }

        using CancellationTokenSource passed = new(time, context.Time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, passed.Token);
        await using DhtClient client = await DhtClient.StartAsync(peers, context.Time, cancellationToken);
        try
        {
            await client.JoinAsync(limit.Token);
            List<ListedRelease> found = [];
            foreach (DhtKeyText key in Keys())
            {
                found.AddRange(await LookUpAsync(client, key, limit.Token));
            }

            return found;
        }
        catch (OperationCanceledException) when (passed.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.NotReachable, $"no answer within {time.TotalSeconds:0.###} s");
        }
    }

    private IEnumerable<DhtKeyText> Keys() =>
        from channel in configuration.ServedChannels
        from arch in channel.Archs
        select new DhtKeyText(ManifestPointer.KeyOf(channel.Channel, arch), $"{channel.Channel}/{arch}");

    private static async Task<IEnumerable<ListedRelease>> LookUpAsync(DhtClient client, DhtKeyText key, CancellationToken cancellationToken)
    {
        string[] slot = key.Slot!.Split('/');
        Task<byte[]?> value = client.Dht.GetValueAsync(key.Key, cancellationToken);
        IReadOnlyList<FoundProvider> providers = await DhtFindCommand.FindAsync(client, key, cancellationToken);
        List<ListedRelease> releases = [.. providers.Select(provider => new ListedRelease(
            slot[0], slot[1], provider.PeerId, provider.Node, null, null, provider.Urls, ["dht"]))];
        if (await value is { } bytes && ManifestPointer.TryRead(bytes, out ManifestPointer? pointer, out _))
        {
            FoundPointer said = FoundPointer.Of(pointer);
            releases.Add(new ListedRelease(slot[0], slot[1], said.PeerId, said.Node, said.Release, said.Manifest, said.Urls, ["dht"]));
        }

        return releases;
    }

    private async Task<IEnumerable<ListedRelease>> TryAsync(
        string source, Func<CancellationToken, Task<IEnumerable<ListedRelease>>> ask, ProgressLine progress,
        CancellationToken cancellationToken)
    {
        try
        {
            return await ask(cancellationToken);
        }
        catch (CommandException failure) when (failure.ExitCode is ExitCode.NotReachable or ExitCode.Failure)
        {
            progress.Print(context.Error, SingleLine.Of($"plasmd: Nothing was heard by {source}: {failure.Message}"));
            return [];
        }
    }

    private static string? PeerIdOf(string? keyId) =>
        Ed25519PublicKey.TryParse(keyId, out Ed25519PublicKey key) ? NodePeer.Of(key).ToString() : null;
}
