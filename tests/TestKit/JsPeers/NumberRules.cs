using System.Globalization;
using System.Text;
using PhaseMesh.Libp2p.KadDht;

namespace PhaseMesh.TestKit.JsPeers;

/// <summary>The rules that peer.mjs applies too: "number:text"; what starts with "bad" is refused, the highest number wins.</summary>
public sealed class NumberRules : IRecordRules
{
    public string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => value.StartsWith("bad"u8) ? "it says so" : null;

    public int SelectBest(ReadOnlySpan<byte> key, IReadOnlyList<ReadOnlyMemory<byte>> values) =>
        Enumerable.Range(0, values.Count).MaxBy(index => Number(values[index].Span));

    private static int Number(ReadOnlySpan<byte> value) =>
        int.TryParse(Encoding.UTF8.GetString(value).Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : -1;
}
