using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Tests.Support;

namespace PhaseMesh.Cluster.Tests.Clocks;

public sealed class StorageClockTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Reading_IsCarriedOnByTheMachinesMonotonicClock()
    {
        Machine machine = new();
        StorageClock clock = new(machine);
        Assert.Null(clock.Uncertainty);
        Assert.Equal(machine.GetUtcNow(), clock.GetUtcNow());

        clock.Set(Noon, Machine.At(10), Machine.At(12));
        machine.Seconds = 21;

        Assert.Equal(Noon.AddSeconds(10), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(1), clock.Uncertainty);
    }

    [Fact]
    public void ReadingThatAgrees_ChangesNothing_AndOneThatDoesNot_IsBelieved()
    {
        Machine machine = new() { Seconds = 20 };
        StorageClock clock = new(machine);
        clock.Set(Noon, Machine.At(20), Machine.At(20));

        clock.Set(Noon.AddSeconds(1), Machine.At(18), Machine.At(22));
        Assert.Equal(Noon, clock.GetUtcNow());

        clock.Set(Noon.AddHours(1), Machine.At(20), Machine.At(20));
        Assert.Equal(Noon.AddHours(1), clock.GetUtcNow());
    }

    [Collection("PostgreSQL")]
    public sealed class OnPostgres(PostgresFixture postgres)
    {
        [Fact]
        public async Task Clock_IsTheDatabases()
        {
            await using PostgresLab lab = await postgres.NewLabAsync();
            GrainCluster silo = await lab.StartSiloAsync();
            TimeSpan uncertainty = Assert.NotNull(silo.Clock.Uncertainty);

            // One machine in this test: both clocks are the same one.
            TimeSpan apart = silo.Clock.Time.GetUtcNow() - TimeProvider.System.GetUtcNow();
            Assert.InRange(apart.Duration(), TimeSpan.Zero, uncertainty + TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Its wall clock is wrong by years.</summary>
    private sealed class Machine : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public static long At(double seconds) => (long)(seconds * 1000);

        public override long GetTimestamp() => At(Seconds);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(Seconds);
    }
}
