using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// What keeps the node's place in the network while nobody asks: 1 refresh of the routing table and liveness of its quiet members,
/// 2 republishing of this node's own values and announcements, 3 saving.
/// </summary>
public sealed partial class KademliaDht
{
    private const int RepublishConcurrency = 4;

    private async Task UpkeepAsync()
    {
        TimeProvider time = _options.TimeProvider;
        long refreshed = time.GetTimestamp();
        long republished = refreshed;
        long saved = refreshed;
        TimeSpan tick = new[] { _options.RefreshInterval, _options.RepublishInterval, _options.SaveInterval }.Min();
        while (true)
        {
            await Task.Delay(tick, time, _stopping.Token);
            if (time.GetElapsedTime(refreshed) >= _options.RefreshInterval)
            {
                refreshed = time.GetTimestamp();
                await RefreshAsync(_stopping.Token);
            }
            if (time.GetElapsedTime(republished) >= _options.RepublishInterval)
            {
                republished = time.GetTimestamp();
                await RepublishAsync(_stopping.Token);
            }
            if (_state is not null && time.GetElapsedTime(saved) >= _options.SaveInterval)
            {
                saved = time.GetTimestamp();
                _state.Save();
            }
        }
    }

    internal async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (RoutingTableSize == 0)
        {
            await BootstrapAsync(cancellationToken);
            return;
        }
        foreach (PeerId quiet in _node.Table.SilentFor(_options.RefreshInterval))
        {
            await _client.IsAliveAsync(quiet, cancellationToken);
        }
        await _client.FindClosestAsync(_host.LocalPeer.Bytes.ToArray(), cancellationToken);
        for (int bucket = 0; bucket <= _node.Table.Depth; bucket++)
        {
            await _client.RefreshBucketAsync(bucket, Random.Shared, cancellationToken);
        }
        Refreshed(_logger, RoutingTableSize);
    }

    internal async Task RepublishAsync(CancellationToken cancellationToken)
    {
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = RepublishConcurrency, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(_ownValues, parallel, async (own, token) =>
        {
            // Others may have put a better one meanwhile; ours would only be refused.
            if (!_node.TryGetGood(own.Key.Bytes, out KadRecord? held) || !_node.Rules.IsBetter(own.Key.Bytes, own.Value, held.Value))
            {
                await _client.PutAsync(own.Key.Bytes, own.Value, token);
            }
        });
        await Parallel.ForEachAsync(_ownKeys.Keys, parallel, async (own, token) => await _client.ProvideAsync(own.Bytes, token));
    }

    [LoggerMessage(4021, LogLevel.Debug, "Routing table refreshed: {Size} servers")]
    private static partial void Refreshed(ILogger logger, int size);
}
