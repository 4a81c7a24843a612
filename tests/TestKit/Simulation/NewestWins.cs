using PhaseMesh.Libp2p.KadDht;

namespace PhaseMesh.TestKit.Simulation;

/// <summary>The plainest rules of the namespace "phase": the first byte is a version, the highest wins, zero is bad.</summary>
internal sealed class NewestWins : IRecordRules
{
    public static IReadOnlyDictionary<string, IRecordRules> Namespaces { get; } =
        new Dictionary<string, IRecordRules> { ["phase"] = new NewestWins() };

    public string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => value is [> 0, ..] ? null : "version zero";

    public int SelectBest(ReadOnlySpan<byte> key, IReadOnlyList<ReadOnlyMemory<byte>> values) =>
        Enumerable.Range(0, values.Count).MaxBy(index => values[index].Span[0]);
}
