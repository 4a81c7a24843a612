using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Tests.Wire;

public sealed class ProtobufTests
{
    [Fact]
    public void Writer_GivesTheBytesOfTheEncodingGuide()
    {
        ProtobufWriter writer = new();
        writer.WriteVarint(1, 150);
        writer.WriteText(2, "testing");
        Assert.Equal("089601120774657374696e67", Convert.ToHexStringLower(writer.WrittenSpan));
    }

    [Fact]
    public void Reader_SkipsWhatItDoesNotKnow()
    {
        ProtobufReader reader = new(Convert.FromHexString("0d01020304" + "110102030405060708" + "1a0161" + "2005"));
        List<int> fields = [];
        while (reader.Next())
        {
            fields.Add(reader.Field);
        }
        Assert.True(reader.IsValid);
        Assert.Equal([1, 2, 3, 4], fields);
    }

    [Theory]
    [InlineData("0a05616263")] // longer than the message
    [InlineData("0affffffff0f")] // length of 2^32 - 1
    [InlineData("0affffffffffffffffff01")] // length of 2^64 - 1
    [InlineData("08")] // value missing
    [InlineData("0880808080808080808080")] // varint without an end
    [InlineData("08ffffffffffffffffff02")] // varint above 64 bits
    [InlineData("0b0c")] // groups
    [InlineData("0001")] // field 0
    [InlineData("0f")] // wire type 7
    public void Reader_Malformed_StopsAndSaysSo(string hex)
    {
        ProtobufReader reader = new(Convert.FromHexString(hex));
        while (reader.Next())
        {
        }
        Assert.False(reader.IsValid);
    }

    [Fact]
    public void Reader_TextMustBeUtf8AndShort()
    {
        ProtobufReader reader = new(Convert.FromHexString("0a02c328" + "0a03616263"));
        Assert.True(reader.Next());
        Assert.False(reader.TryGetText(10, out _));
        Assert.True(reader.Next());
        Assert.False(reader.TryGetText(2, out _));
        Assert.True(reader.TryGetText(3, out string? text));
        Assert.Equal("abc", text);
    }
}
