using System.Globalization;
using PhaseMesh.Manifests.Canonical;

namespace PhaseMesh.Manifests.Tests.Canonical;

public class EcmaScriptNumberTests
{
    /// <summary>The table of RFC 8785 appendix B; its NaN and infinity are the next test.</summary>
    [Theory]
    [InlineData("0000000000000000", "0")]
    [InlineData("8000000000000000", "0")]
    [InlineData("0000000000000001", "5e-324")]
    [InlineData("8000000000000001", "-5e-324")]
    [InlineData("7fefffffffffffff", "1.7976931348623157e+308")]
    [InlineData("ffefffffffffffff", "-1.7976931348623157e+308")]
    [InlineData("4340000000000000", "9007199254740992")]
    [InlineData("c340000000000000", "-9007199254740992")]
    [InlineData("4430000000000000", "295147905179352830000")]
    [InlineData("44b52d02c7e14af5", "9.999999999999997e+22")]
    [InlineData("44b52d02c7e14af6", "1e+23")]
    [InlineData("44b52d02c7e14af7", "1.0000000000000001e+23")]
    [InlineData("444b1ae4d6e2ef4e", "999999999999999700000")]
    [InlineData("444b1ae4d6e2ef4f", "999999999999999900000")]
    [InlineData("444b1ae4d6e2ef50", "1e+21")]
    [InlineData("3eb0c6f7a0b5ed8c", "9.999999999999997e-7")]
    [InlineData("3eb0c6f7a0b5ed8d", "0.000001")]
    [InlineData("41b3de4355555553", "333333333.3333332")]
    [InlineData("41b3de4355555554", "333333333.33333325")]
    [InlineData("41b3de4355555555", "333333333.3333333")]
    [InlineData("41b3de4355555556", "333333333.3333334")]
    [InlineData("41b3de4355555557", "333333333.33333343")]
    [InlineData("becbf647612f3696", "-0.0000033333333333333333")]
    [InlineData("43143ff3c1cb0959", "1424953923781206.2")]
    public void Format_Rfc8785AppendixB_MatchesTheTable(string bits, string expected) =>
        Assert.Equal(expected, Format(BitConverter.UInt64BitsToDouble(ulong.Parse(bits, NumberStyles.HexNumber))));

    [Theory]
    [InlineData("7fffffffffffffff")]
    [InlineData("7ff0000000000000")]
    public void JsonNumber_NaNOrInfinity_IsRefused(string bits) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new JsonNumber(BitConverter.UInt64BitsToDouble(ulong.Parse(bits, NumberStyles.HexNumber))));

    [Theory]
    [InlineData(1, "1")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(100, "100")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e20, "100000000000000000000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(-1.25e-9, "-1.25e-9")]
    [InlineData(9007199254740991, "9007199254740991")]
    public void Format_AroundTheLayoutLimits_IsAsEcmaScript(double value, string expected) => Assert.Equal(expected, Format(value));

    [Fact]
    public void Format_AnyFiniteDouble_ReadsBackAsTheSame()
    {
        Random random = new(8785);
        for (int round = 0; round < 100_000; round++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(value))
            {
                Assert.Equal(value, double.Parse(Format(value), NumberStyles.Float, CultureInfo.InvariantCulture));
            }
        }
    }

    private static string Format(double value)
    {
        Span<char> text = stackalloc char[EcmaScriptNumber.MaxLength];
        return text[..EcmaScriptNumber.Format(value, text)].ToString();
    }
}
