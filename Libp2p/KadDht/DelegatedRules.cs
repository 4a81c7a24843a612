namespace PhaseMesh.Libp2p.KadDht;

/// <summary>As <see cref="IRecordRules.Refuse"/>.</summary>
public delegate string? RecordRefusal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

/// <summary>Rules that live in a library which knows nothing of DHTs.</summary>
/// <param name="refuse">As <see cref="IRecordRules.Refuse"/>.</param>
/// <param name="selectBest">As <see cref="IRecordRules.SelectBest"/>, the key apart.</param>
public sealed class DelegatedRules(RecordRefusal refuse, Func<IReadOnlyList<ReadOnlyMemory<byte>>, int> selectBest) : IRecordRules
{
    public string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => refuse(key, value);

    public int SelectBest(ReadOnlySpan<byte> key, IReadOnlyList<ReadOnlyMemory<byte>> values) => selectBest(values);
}
