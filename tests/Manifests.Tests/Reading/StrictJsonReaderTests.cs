using System.Text;
using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Reading;

namespace PhaseMesh.Manifests.Tests.Reading;

public class StrictJsonReaderTests
{
    [Theory]
    [InlineData("", "well-formed")]
    [InlineData("  ", "well-formed")]
    [InlineData("{", "well-formed")]
    [InlineData("{\"a\":1,}", "well-formed")]
    [InlineData("{\"a\":1} x", "well-formed")]
    [InlineData("{} {}", "well-formed")]
    [InlineData("{} // comment", "well-formed")]
    [InlineData("/* comment */ {}", "well-formed")]
    [InlineData("{\"a\":01}", "well-formed")]
    [InlineData("{\"a\":NaN}", "well-formed")]
    [InlineData("{'a':1}", "well-formed")]
    [InlineData("\"\u0001\"", "well-formed")]
    [InlineData("\uFEFF{}", "byte order mark")]
    [InlineData("[1e400]", "double range")]
    [InlineData("[\"\\ud800\"]", "surrogate")]
    [InlineData("[\"\\udc00\\ud800\"]", "surrogate")]
    [InlineData("{\"\\ud800\":1}", "surrogate")]
    public void Read_NotStrictJson_IsRefused(string json, string words) => AssertRefused(json, words);

    [Theory]
    [InlineData("{\"a\":1,\"a\":1}", "a")]
    [InlineData("{\"a\":1,\"\\u0061\":2}", "a")]
    [InlineData("{\"x\":[{\"y\":{\"b\":1,\"b\":2}}]}", "x[0].y.b")]
    public void Read_NameTwice_IsRefusedAtEveryLevelWithItsPath(string json, string path)
    {
        ManifestFormatException refused = AssertRefused(json, "a second time");
        Assert.Equal(path, refused.Field);
    }

    [Theory]
    [InlineData("9007199254740992")]
    [InlineData("-9007199254740992")]
    [InlineData("9007199254740993.0")]
    [InlineData("1e20")]
    [InlineData("123456789012345678901234567890")]
    public void Read_IntegerADoubleCannotHold_IsRefusedAsNotIJson(string number) => AssertRefused($"[{number}]", "I-JSON");

    [Theory]
    [InlineData("9007199254740991", 9007199254740991)]
    [InlineData("-9007199254740991", -9007199254740991)]
    [InlineData("1E30", 1e30)]
    [InlineData("-0", 0)]
    [InlineData("5e-324", 5e-324)]
    public void Read_NumberWithinTheLimits_IsRead(string number, double expected) =>
        Assert.Equal(expected, Assert.IsType<JsonNumber>(Assert.IsType<JsonArray>(Read($"[{number}]")).Items[0]).Value);

    [Fact]
    public void Read_InvalidUtf8_IsRefused()
    {
        byte[] overlong = [(byte)'"', 0xc0, 0x80, (byte)'"'];
        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(() => StrictJsonReader.Read(overlong));
        Assert.Contains("UTF-8", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_DepthAtTheLimit_IsReadAndOneMoreIsRefused()
    {
        Read(Nested(ManifestLimits.MaxDepth));
        AssertRefused(Nested(ManifestLimits.MaxDepth + 1), "levels of nesting");
        AssertRefused(Nested(5000), "levels of nesting");
    }

    [Fact]
    public void Read_CountsAndLengthsBeyondTheLimits_AreRefused()
    {
        string fields(int count) => "{" + string.Join(",", Enumerable.Range(0, count).Select(index => $"\"f{index}\":0")) + "}";
        string items(int count) => "[" + string.Join(",", Enumerable.Repeat("0", count)) + "]";
        string text(int length) => $"[\"{new string('x', length)}\"]";

        Read(fields(ManifestLimits.MaxMembersPerObject));
        AssertRefused(fields(ManifestLimits.MaxMembersPerObject + 1), "64 fields");
        Read(items(ManifestLimits.MaxItemsPerArray));
        AssertRefused(items(ManifestLimits.MaxItemsPerArray + 1), "4096 items");
        Read(text(ManifestLimits.MaxStringLength));
        AssertRefused(text(ManifestLimits.MaxStringLength + 1), "8192 characters");
        AssertRefused($"{{\"{new string('n', 257)}\":0}}", "256 characters");
        AssertRefused($"[0.{new string('1', 64)}]", "64 characters");
        AssertRefused($"[{string.Join(",", Enumerable.Repeat(items(4096), 9))}]", "32768 values");
    }

    [Fact]
    public void Read_MoreThanOneMebibyte_IsRefusedBeforeParsing()
    {
        byte[] atLimit = new byte[BootManifest.MaxBytes];
        atLimit.AsSpan().Fill((byte)' ');
        atLimit[0] = (byte)'1';
        StrictJsonReader.Read(atLimit);

        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(
            () => BootManifest.Parse(new byte[BootManifest.MaxBytes + 1]));
        Assert.Equal("1048577 bytes", refused.Actual);
    }

    [Fact]
    public void Read_HostileName_CannotSteerTheTerminalThroughTheMessage()
    {
        ManifestFormatException refused = AssertRefused("{\"\\u001b[2J\\u202e\":1e400}", "double range");
        Assert.DoesNotContain(refused.Message, character => character is < ' ' or > '~');
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static JsonValue Read(string json) => StrictJsonReader.Read(Encoding.UTF8.GetBytes(json));

    private static ManifestFormatException AssertRefused(string json, string words)
    {
        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(() => Read(json));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.Message.Length, 1, 500);
        return refused;
    }
}
