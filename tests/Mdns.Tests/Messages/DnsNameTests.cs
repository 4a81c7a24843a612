using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Tests.Messages;

public sealed class DnsNameTests
{
    [Theory]
    [InlineData("local", "local")]
    [InlineData("a.b.local.", "a.b.local")]
    [InlineData(@"web\.site.local", @"web\.site.local")]
    [InlineData(@"back\\slash.local", @"back\\slash.local")]
    [InlineData(@"\065b.local", "Ab.local")]
    [InlineData(@"\255.local", @"\255.local")]
    [InlineData("stable x86_64 (2)._phase-image._tcp.local", "stable x86_64 (2)._phase-image._tcp.local")]
    [InlineData("été.local", "été.local")]
    [InlineData(".", ".")]
    public void Parse_PresentationFormat_PrintsBack(string text, string printed) => Assert.Equal(printed, DnsName.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData(@"a\")]
    [InlineData(@"a\25")]
    [InlineData(@"a\256")]
    public void TryParse_BrokenText_IsRefused(string text) => Assert.False(DnsName.TryParse(text, out _));

    [Fact]
    public void TryParse_LabelAndNameLengths_AreHeldToTheByte()
    {
        string label63 = new('a', 63);
        Assert.True(DnsName.TryParse(label63, out _));
        Assert.False(DnsName.TryParse(label63 + "a", out _));

        // 3 x 64 + 62 + 1 = 255 bytes on the wire.
        string longest = $"{label63}.{label63}.{label63}.{new string('b', 61)}";
        Assert.Equal(DnsName.MaxWireBytes, DnsName.Parse(longest).Wire.Length);
        Assert.False(DnsName.TryParse(longest + "b", out _));
        Assert.False(DnsName.Parse(longest).TryPrepend("a", out _));
    }

    [Fact]
    public void Equals_AsciiCase_DoesNotMatterButOtherBytesDo()
    {
        Assert.Equal(DnsName.Parse("Host.LOCAL"), DnsName.Parse("host.local"));
        Assert.Equal(DnsName.Parse("Host.LOCAL").GetHashCode(), DnsName.Parse("host.local").GetHashCode());
        Assert.NotEqual(DnsName.Parse("É.local"), DnsName.Parse("é.local"));
        Assert.Equal("Host.LOCAL", DnsName.Parse("Host.LOCAL").ToString());
    }

    [Fact]
    public void EndsWith_OnlyWholeLabels_Count()
    {
        DnsName name = DnsName.Parse("a._x._tcp.local");
        Assert.True(name.EndsWith(DnsName.Parse("_TCP.local")));
        Assert.True(name.EndsWith(name));
        Assert.True(name.EndsWith(DnsName.Root));
        Assert.False(name.EndsWith(DnsName.Parse("cp.local")));
        Assert.False(DnsName.Local.EndsWith(name));
    }

    [Fact]
    public void Prepend_LabelWithDot_StaysOneLabel()
    {
        DnsName name = DnsName.Local.Prepend("Dr. No");
        Assert.Equal("Dr. No", name.FirstLabel);
        Assert.Equal(DnsName.Local, name.Parent);
        Assert.Equal(@"Dr\. No.local", name.ToString());
    }
}
