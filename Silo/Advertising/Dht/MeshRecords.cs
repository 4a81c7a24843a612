using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Manifests.Pointers;

namespace PhaseMesh.Silo.Advertising.Dht;

/// <summary>The values that a node of the mesh keeps in the DHT (docs/wire/dht-records.md).</summary>
internal static class MeshRecords
{
    public static IReadOnlyDictionary<string, IRecordRules> Rules(TimeProvider clock) => new Dictionary<string, IRecordRules>
    {
        [ManifestPointer.Namespace] = new DelegatedRules(
            (key, value) => ManifestPointerRules.Refuse(key, value, clock.GetUtcNow()), ManifestPointerRules.SelectBest),
    };
}
