using System.Text;
using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Reading;

namespace PhaseMesh.Manifests.Tests.Canonical;

public class CanonicalJsonTests
{
    [Fact]
    public void Serialize_Rfc8785Section322Example_GivesTheBytesOfSection324()
    {
        byte[] canonical = Canonicalize("""
            {
              "numbers": [333333333.33333329, 1E30, 4.50,
                          2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """);

        Assert.Equal(
            "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a"
            + "5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d"
            + "2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d",
            Convert.ToHexStringLower(canonical));
    }

    [Fact]
    public void Serialize_Rfc8785Section323Example_SortsByUtf16CodeUnits()
    {
        string canonical = Text("""
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """);

        string[] order = ["Carriage Return", "One", "Control", "Latin Small", "Euro Sign", "Emoji", "Hebrew"];
        int[] positions = [.. order.Select(value => canonical.IndexOf(value, StringComparison.Ordinal))];
        Assert.All(positions, position => Assert.True(position > 0));
        Assert.Equal(positions.Order(), positions);
    }

    [Theory]
    [InlineData("""{ "b" : [ ] , "a" : { } }""", """{"a":{},"b":[]}""")]
    [InlineData("\"\\u0000\\u001f\\u007f\\b\\t\\n\\f\\r\"", "\"\\u0000\\u001f\u007f\\b\\t\\n\\f\\r\"")]
    [InlineData("\"<>&'+/\\u2028\"", "\"<>&'+/\u2028\"")]
    [InlineData("[-0, 1.0, 10e-1, 1E2]", "[0,1,1,100]")]
    [InlineData("""{"a":{"d":1,"c":2},"":3}""", """{"":3,"a":{"c":2,"d":1}}""")]
    public void Serialize_DetailsOfTheScheme_AreKept(string json, string expected) => Assert.Equal(expected, Text(json));

    [Fact]
    public void Serialize_HalfASurrogatePair_IsRefused() =>
        Assert.Throws<EncoderFallbackException>(() => CanonicalJson.Serialize(new JsonText("a\ud800b")));

    private static byte[] Canonicalize(string json) => CanonicalJson.Serialize(StrictJsonReader.Read(Encoding.UTF8.GetBytes(json)));

    private static string Text(string json) => Encoding.UTF8.GetString(Canonicalize(json));
}
