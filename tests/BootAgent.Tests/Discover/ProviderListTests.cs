using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Tests.Discover;

public class ProviderListTests
{
    private readonly ProviderList _list = new();

    [Fact]
    public void Add_TheSameUrlTwice_KeepsTheBetterRank()
    {
        Assert.True(Add("http://a", ProviderTier.Lan));
        Assert.True(Add("http://b", ProviderTier.Dht));
        Assert.True(Add("http://c", ProviderTier.Dht));
        Assert.False(Add("http://a/", ProviderTier.Dht));
        Assert.False(Add("http://c", ProviderTier.Lan));

        Assert.Equal(["http://a", "http://c", "http://b"], Usable());
    }

    [Fact]
    public void Add_NearerTiersLater_RankBefore()
    {
        Add("http://far", ProviderTier.Dht);
        Add("http://near", ProviderTier.Lan);
        Add("http://named", ProviderTier.CommandLine);
        Add("http://named2", ProviderTier.CommandLine);

        Assert.Equal(["http://named", "http://named2", "http://near", "http://far"], Usable());
    }

    [Fact]
    public void Add_AFlood_IsBoundedAndLeavesRoomForOtherTiers()
    {
        for (int each = 0; each < 1000; each++)
        {
            Add($"http://flood{each}", ProviderTier.Lan);
        }

        Assert.True(Add("http://other", ProviderTier.Dht));
        Assert.Equal(ProviderList.MaxPerTier + 1, _list.Ranked.Count);
    }

    [Fact]
    public void Drop_IsNotAskedUntilForgivenEvenWhenFoundAgainNearer()
    {
        Add("http://a", ProviderTier.Dht);
        Add("http://b", ProviderTier.Dht);
        _list.Drop([_list.Ranked[0]]);
        Add("http://a", ProviderTier.Lan);

        Assert.Equal(["http://b"], Usable());
        _list.Forgive();
        Assert.Equal(["http://a", "http://b"], Usable());
    }

    private bool Add(string text, ProviderTier tier)
    {
        Assert.True(ProviderUrl.TryParse(text, out ProviderUrl? url));
        return _list.Add(new ProviderCandidate(url, "the test", null, tier));
    }

    private IEnumerable<string> Usable() => _list.Usable.Select(each => each.Url.Text);
}
