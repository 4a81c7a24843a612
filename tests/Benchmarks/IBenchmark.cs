namespace PhaseMesh.Benchmarks;

/// <summary>A group of rows that share a set-up.</summary>
internal interface IBenchmark
{
    /// <summary>The names of its rows; <c>make bench ONLY=prefix</c> runs the groups that have one with that prefix.</summary>
    IReadOnlyList<string> RowNames { get; }

    /// <summary>Measures ours and the peer in turn.</summary>
    /// <exception cref="BenchmarkAbsentException">The figures can't be had on this machine.</exception>
    Task<IReadOnlyList<Row>> RunAsync(int rounds);
}

/// <summary>A figure can't be had here; the message says why. It is then absent from the results, never zero.</summary>
internal sealed class BenchmarkAbsentException(string reason) : Exception(reason);
