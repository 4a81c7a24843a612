using PhaseMesh.Gateway.Routing;
using static PhaseMesh.Gateway.Tests.Routing.PickerFixture;

namespace PhaseMesh.Gateway.Tests.Routing;

public class LocalityTests
{
    [Theory]
    [InlineData("fra/r1", "near")]
    [InlineData("fra/r2", "far-rack")]
    [InlineData("nyc/r7", "far-site")]
    public void Pick_KnownPlace_TakesTheNearest(string client, string expected)
    {
        PickerFixture fixture = Three();

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(expected, fixture.PickedId(client)));
    }

    [Theory]
    [InlineData("/", nameof(ReplicaDistance.Elsewhere))]
    [InlineData("", nameof(ReplicaDistance.Elsewhere))]
    [InlineData("fra/", nameof(ReplicaDistance.SameSite))]
    [InlineData("fra/r1/x", nameof(ReplicaDistance.SameSite))]
    [InlineData("FRA", nameof(ReplicaDistance.Elsewhere))]
    [InlineData(null, nameof(ReplicaDistance.Elsewhere))]
    public void Explain_OddPlaces_AreNoNearerThanTheyProve(string? client, string expected) =>
        Assert.Equal(expected, Three().Explain("near", client).Distance.ToString());

    [Fact]
    public void Pick_LocalOnesLoaded_SpillsOverAndComesBack()
    {
        PickerFixture fixture = Three();
        List<ReplicaLease> leases = [];
        while (leases.Count < 100 && fixture.Pick("fra/r1") is { } lease)
        {
            leases.Add(lease);
            if (lease.Endpoint.ProviderId == "far-site")
            {
                break;
            }
        }

        // The other rack takes part from the first queue on, the other site only when the local ones are four times as slow.
        string[] order = [.. leases.Select(lease => lease.Endpoint.ProviderId)];
        Assert.Equal("near", order[0]);
        Assert.Equal("far-site", order[^1]);
        Assert.InRange(order.Length, 5, 12);
        Assert.Contains("far-rack", order);

        leases.ForEach(lease => lease.Dispose());
        Assert.Equal("near", fixture.PickedId("fra/r1"));
    }

    [Fact]
    public void Pick_LocalOneFails_TakesTheNextNearest()
    {
        PickerFixture fixture = Three();
        fixture.Fail("near", ReplicaFault.ConnectFailed);

        Assert.Equal("far-rack", fixture.PickedId("fra/r1"));
    }

    private static PickerFixture Three()
    {
        PickerFixture fixture = new(Replica("near", "fra", "r1"), Replica("far-rack", "fra", "r9"), Replica("far-site", "nyc", "r1"));

        fixture.Warm("near", "far-rack", "far-site");
        return fixture;
    }
}
