using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Tests.Messages;

public sealed class ServiceTextTests
{
    [Fact]
    public void Create_Pairs_ReadBackWithoutCase()
    {
        ServiceText text = ServiceText.Create(new("channel", "stable"), new("flag", null), new("empty", ""), new("eq", "a=b"));
        Assert.True(ServiceText.TryRead(text.Encoded.Span, out ServiceText? read));
        Assert.Equal(text, read);
        Assert.Equal("stable", read["CHANNEL"]);
        Assert.Null(read["flag"]);
        Assert.True(read.Pairs.ContainsKey("flag"));
        Assert.Equal("", read["empty"]);
        Assert.Equal("a=b", read["eq"]);
    }

    [Theory]
    [InlineData("", "v", "printable ASCII")]
    [InlineData("a=b", "v", "printable ASCII")]
    [InlineData("ключ", "v", "printable ASCII")]
    public void TryCreate_BadKey_SaysSo(string key, string value, string expected)
    {
        Assert.False(ServiceText.TryCreate([new(key, value)], out _, out string? problem));
        Assert.Contains(expected, problem);
    }

    [Fact]
    public void TryCreate_TooLong_SaysWhichPair()
    {
        Assert.False(ServiceText.TryCreate([new("k", new string('x', 254))], out _, out string? problem));
        Assert.Contains("at most 255", problem);
        Assert.False(ServiceText.TryCreate(Enumerable.Range(0, 10).Select(i => KeyValuePair.Create($"k{i}", (string?)new string('x', 200))), out _, out problem));
        Assert.Contains("1300", problem);
        Assert.False(ServiceText.TryCreate([new("k", "1"), new("K", "2")], out _, out problem));
        Assert.Contains("twice", problem);
    }

    [Fact]
    public void TryRead_ForeignOddities_AreKeptButNotKeys()
    {
        // An empty string, one that starts with '=', a repeated key, a key of odd bytes.
        byte[] data = [0, 2, (byte)'=', (byte)'x', 3, (byte)'a', (byte)'=', (byte)'1', 3, (byte)'A', (byte)'=', (byte)'2', 2, 0xff, (byte)'='];
        Assert.True(ServiceText.TryRead(data, out ServiceText? text));
        Assert.Equal("1", text["a"]);
        Assert.Single(text.Pairs);
        Assert.Equal(data, text.Encoded.ToArray());
        Assert.True(ServiceText.TryRead([], out ServiceText? empty));
        Assert.Equal(ServiceText.Empty, empty);
    }
}
