namespace PhaseMesh.Benchmarks.Loads;

/// <summary>How several downloads at once went, from the moment they all began.</summary>
/// <param name="Seconds">To the last byte of the last connection.</param>
/// <param name="SlowestFirstByteSeconds">Until every connection had the first byte of its body.</param>
internal readonly record struct StreamTimes(double Seconds, double SlowestFirstByteSeconds);
