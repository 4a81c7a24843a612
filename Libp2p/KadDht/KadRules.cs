using System.Text;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>Finds the rules of a key's namespace and applies them.</summary>
internal sealed class KadRules(IReadOnlyDictionary<string, IRecordRules> namespaces)
{
    /// <summary>Null for a good value, else why it is refused.</summary>
    public string? Refuse(byte[] key, byte[] value)
    {
        if (value.Length > KadRecord.MaxValueBytes)
        {
            return $"a value of {value.Length} bytes is longer than {KadRecord.MaxValueBytes}";
        }
        return Find(key) is { } rules ? rules.Refuse(key, value) : "no rules for the key's namespace";
    }

    /// <summary>Whether the second value is to be preferred to the first, both being good.</summary>
    public bool IsBetter(byte[] key, byte[] current, byte[] other) =>
        !current.AsSpan().SequenceEqual(other) && Find(key)?.SelectBest(key, [current, other]) == 1;

    private IRecordRules? Find(byte[] key)
    {
        // "/phase/stable/..." : the first segment.
        if (key.Length < 2 || key[0] != (byte)'/' || key.Length > KadRecord.MaxKeyBytes)
        {
            return null;
        }
        int end = key.AsSpan(1).IndexOf((byte)'/');
        ReadOnlySpan<byte> name = end < 0 ? key.AsSpan(1) : key.AsSpan(1, end);
        return namespaces.GetValueOrDefault(Encoding.UTF8.GetString(name));
    }
}
