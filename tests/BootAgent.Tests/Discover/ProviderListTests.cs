using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Tests.Discover;

public class ProviderListTests
{
    private readonly ProviderList _list = new();

    [Fact]
    public void Add_TheSameUrlTwice_KeepsTheBetterRank()
    {
        Assert.True(Add("http://a"));
        Assert.True(Add("http://b"));
        Assert.False(Add("http://a/"));

        Assert.Equal(["http://a", "http://b"], Turn());
    }

    [Fact]
    public void TakeTurn_SeveralAddressesOfAPeer_TheBestFirstThenAll()
    {
        Add("http://a", "one");
        Add("http://b", "one");
        Add("http://c", "two");
        Add("http://d");

        Assert.Equal(["http://a", "http://c", "http://d"], Turn());
        Assert.True(_list.HasUnasked);
        Assert.Equal(["http://a", "http://b", "http://c", "http://d"], Turn());
        Assert.False(_list.HasUnasked);
    }

    [Fact]
    public void TakeTurn_MoreThanTheLimit_LeavesTheRestForTheNext()
    {
        Add("http://a");
        Add("http://b");
        Add("http://c");

        Assert.Equal(["http://a", "http://b"], Turn(maxNew: 2));
        Assert.Equal(["http://a", "http://b", "http://c"], Turn(maxNew: 2));
    }

    [Fact]
    public void Drop_Asked_AreNotAskedAgain()
    {
        Add("http://a");
        Add("http://b");
        _list.Drop(_list.TakeTurn(maxNew: 1));

        Assert.Equal(["http://b"], Turn());
        Assert.False(_list.HasUnasked);
        Assert.False(Add("http://a"));
    }

    private bool Add(string text, string? peer = null)
    {
        Assert.True(ProviderUrl.TryParse(text, out ProviderUrl? url));
        return _list.Add(url, "the test", peer);
    }

    private IEnumerable<string> Turn(int maxNew = 32) => _list.TakeTurn(maxNew).Select(each => each.Url.Text);
}
