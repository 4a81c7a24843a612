using System.Text.Json.Serialization;

namespace PhaseMesh.Benchmarks;

/// <summary>One figure beside its peer's, measured in the same minutes.</summary>
/// <param name="Name">Such as <c>silo.stream.c4</c>.</param>
/// <param name="Ours">Median over the rounds.</param>
/// <param name="Peer">Median over the rounds.</param>
/// <param name="PeerName">What it was compared with.</param>
/// <param name="Ratio"><paramref name="Ours"/> / <paramref name="Peer"/>.</param>
/// <param name="Unit">Of ours and peer.</param>
/// <param name="Better"><c>higher</c> or <c>lower</c>.</param>
/// <param name="Rounds">How often each was measured, in turn.</param>
/// <param name="Spread">(largest - smallest) / median of the rounds' own ratios: how noisy the machine was.</param>
internal sealed record Row(string Name, double Ours, double Peer, string PeerName, double Ratio, string Unit, string Better, int Rounds, double Spread)
{
    public static Row From(string name, string unit, bool higherIsBetter, string peerName, IReadOnlyList<(double Ours, double Peer)> rounds)
    {
        double[] ratios = [.. rounds.Select(round => round.Ours / round.Peer)];
        double ours = Median([.. rounds.Select(round => round.Ours)]);
        double peer = Median([.. rounds.Select(round => round.Peer)]);
        return new Row(
            name, Round(ours), Round(peer), peerName, Round(ours / peer), unit, higherIsBetter ? "higher" : "lower",
            rounds.Count, Round((ratios.Max() - ratios.Min()) / Median(ratios)));
    }

    /// <summary>Sorts them.</summary>
    public static double Median(double[] values)
    {
        Array.Sort(values);
        int middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /// <summary>Four significant digits: more would claim more than was measured.</summary>
    private static double Round(double value) => double.Parse(value.ToString("G4"));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(List<Row>))]
internal sealed partial class RowJson : JsonSerializerContext;
