using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Serving.Tests.Toml;

public class TomlTestSuiteTests
{
    public static TheoryData<string> ValidCases => [.. TomlTestSuite.Cases("valid").Where(name => name != TomlTestSuite.NotInToml10)];

    public static TheoryData<string> InvalidCases => [.. TomlTestSuite.Cases("invalid").Append(TomlTestSuite.NotInToml10)];

    [Fact]
    public void Suite_IsInstalledInFull()
    {
        Assert.True(
            Directory.Exists(TomlTestSuite.Directory),
            $"The published TOML cases are not at {TomlTestSuite.Directory}. Install them: apt-get install {TomlTestSuite.Package}");
        Assert.True(TomlTestSuite.Cases("valid").Count() >= 100, "Expected at least 100 valid cases.");
        Assert.True(TomlTestSuite.Cases("invalid").Count() >= 234, "Expected at least 234 invalid cases.");
    }

    [Theory]
    [MemberData(nameof(ValidCases))]
    public void Parse_ValidCase_GivesTheTaggedValues(string name) =>
        TomlTestSuite.AssertMatches(TomlTestSuite.ExpectedJson(name), TomlDocument.Parse(TomlTestSuite.Toml(name)).Root, "root");

    [Theory]
    [MemberData(nameof(InvalidCases))]
    public void Parse_InvalidCase_IsRefusedWithinTheText(string name)
    {
        byte[] toml = TomlTestSuite.Toml(name);

        TomlException refusal = Assert.Throws<TomlException>(() => TomlDocument.Parse(toml));

        Assert.InRange(refusal.Position.Line, 1, toml.Count(b => b == '\n') + 1);
        Assert.InRange(refusal.Position.Column, 1, toml.Length + 1);
    }
}
