using System.Globalization;

namespace PhaseMesh.Benchmarks;

/// <summary>How much is measured. <c>make bench ROUNDS=1 MIB=64</c> is a quick look, not a figure.</summary>
internal static class BenchScale
{
    private const int MinRounds = 1;
    private const int MinMebibytes = 64;

    /// <summary>How often each side of a row is measured, in turn.</summary>
    public static int Rounds { get; } = Read("BENCH_ROUNDS", 5, MinRounds, 100);

    /// <summary>The large artifact of the gateway's rows.</summary>
    public static long StreamBytes { get; } = (long)Read("BENCH_MIB", 1024, MinMebibytes, 8192) << 20;

    private static int Read(string variable, int usual, int least, int most)
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(text) ? usual
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? value
            : throw new ArgumentException($"{variable} is '{text}', expected a whole number from {least} to {most}.");
    }
}
