namespace PhaseMesh.Cluster.Tests.Chaos;

/// <param name="ManagedBytes">After a collection.</param>
/// <param name="ResidentBytes">As the kernel counts them.</param>
/// <param name="Files">Open descriptors.</param>
/// <param name="Threads">All.</param>
internal sealed record SiloGauge(long ManagedBytes, long ResidentBytes, long Files, long Threads)
{
    public static SiloGauge Of(long[] numbers) => new(numbers[0], numbers[1], numbers[2], numbers[3]);

    public override string ToString() =>
        $"{ManagedBytes >> 10} KiB managed, {ResidentBytes >> 20} MiB resident, {Files} files, {Threads} threads";
}
