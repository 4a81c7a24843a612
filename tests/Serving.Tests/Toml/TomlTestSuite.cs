using System.Globalization;
using System.Text.Json.Nodes;
using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Serving.Tests.Toml;

/// <summary>
/// The published toml-test cases (https://github.com/toml-lang/toml-test), as Debian's golang-github-burntsushi-toml-dev installs them.
/// <c>valid/X.toml</c> comes with <c>valid/X.json</c>, where each scalar is <c>{"type": ..., "value": ...}</c>.
/// </summary>
internal static class TomlTestSuite
{
    public const string Package = "golang-github-burntsushi-toml-dev";

    /// <summary>The version table of toml-test takes this case out for TOML 1.0.0: <c>\e</c> came later. We must refuse it.</summary>
    public const string NotInToml10 = "valid/string/escape-esc";

    public static string Directory { get; } = Environment.GetEnvironmentVariable("TOML_TEST_DIRECTORY")
        ?? "/usr/share/gocode/src/github.com/BurntSushi/toml/internal/toml-test/tests";

    /// <summary>Names such as <c>valid/string/escapes</c>; empty when the package is missing, which a test of its own reports.</summary>
    public static IEnumerable<string> Cases(string kind)
    {
        string root = Path.Combine(Directory, kind);
        return System.IO.Directory.Exists(root)
            ? System.IO.Directory.EnumerateFiles(root, "*.toml", SearchOption.AllDirectories)
                .Select(file => Path.ChangeExtension(Path.GetRelativePath(Directory, file), null))
                .Order(StringComparer.Ordinal)
            : [];
    }

    public static byte[] Toml(string name) => File.ReadAllBytes(Path.Combine(Directory, name + ".toml"));

    public static JsonNode ExpectedJson(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Directory, name + ".json")))!;

    /// <summary>Asserts that a value is what the tagged JSON says, naming the path to the first difference.</summary>
    public static void AssertMatches(JsonNode expected, TomlValue actual, string path)
    {
        switch (expected)
        {
            case JsonArray items:
                TomlArray array = Assert.IsType<TomlArray>(actual);
                Assert.True(items.Count == array.Items.Count, $"{path}: expected {items.Count} items, found {array.Items.Count}");
                for (int i = 0; i < items.Count; i++)
                {
                    AssertMatches(items[i]!, array.Items[i], $"{path}[{i}]");
                }

                break;
            case JsonObject scalar when scalar.Count == 2 && scalar["type"] is JsonValue type && scalar["value"] is JsonValue value:
                AssertScalar(type.GetValue<string>(), value.GetValue<string>(), Assert.IsAssignableFrom<TomlScalar>(actual), path);
                break;
            default:
                TomlTable table = Assert.IsType<TomlTable>(actual);
                JsonObject pairs = expected.AsObject();
                Assert.Equal(pairs.Select(pair => pair.Key).Order(StringComparer.Ordinal),
                    table.Entries.Select(entry => entry.Key).Order(StringComparer.Ordinal));
                foreach ((string key, JsonNode? node) in pairs)
                {
                    AssertMatches(node!, table.Find(key)!, $"{path}.{key}");
                }

                break;
        }
    }

    private static void AssertScalar(string type, string expected, TomlScalar actual, string path)
    {
        switch (type)
        {
            case "string":
                Assert.True(expected == Assert.IsType<TomlString>(actual).Value, $"{path}: expected '{expected}', found '{actual}'");
                break;
            case "integer":
                Assert.True(long.Parse(expected, CultureInfo.InvariantCulture) == Assert.IsType<TomlInteger>(actual).Value,
                    $"{path}: expected {expected}, found {actual}");
                break;
            case "float":
                Assert.True(ParseFloat(expected).Equals(Assert.IsType<TomlFloat>(actual).Value),
                    $"{path}: expected {expected}, found {actual}");
                break;
            case "bool":
                Assert.Equal(expected == "true", Assert.IsType<TomlBoolean>(actual).Value);
                break;
            default:
                AssertDateTime(type, expected, Assert.IsType<TomlDateTime>(actual));
                break;
        }
    }

    private static double ParseFloat(string text) => text.TrimStart('+') switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" or "-nan" => double.NaN,
        var number => double.Parse(number, CultureInfo.InvariantCulture),
    };

    /// <summary>Compares by .NET's own date parsers, so that ours is not its own judge.</summary>
    private static void AssertDateTime(string type, string expected, TomlDateTime actual)
    {
        switch (type)
        {
            case "datetime":
                Assert.Equal(TomlDateTimeKind.OffsetDateTime, actual.Kind);
                Assert.Equal(
                    DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture),
                    new DateTimeOffset(actual.Clock, TimeSpan.FromMinutes(actual.OffsetMinutes)));
                break;
            case "datetime-local":
                Assert.Equal(TomlDateTimeKind.LocalDateTime, actual.Kind);
                Assert.Equal(DateTime.Parse(expected, CultureInfo.InvariantCulture), actual.Clock);
                break;
            case "date-local":
                Assert.Equal(TomlDateTimeKind.LocalDate, actual.Kind);
                Assert.Equal(DateOnly.Parse(expected, CultureInfo.InvariantCulture), DateOnly.FromDateTime(actual.Clock));
                break;
            case "time-local":
                Assert.Equal(TomlDateTimeKind.LocalTime, actual.Kind);
                Assert.Equal(TimeOnly.Parse(expected, CultureInfo.InvariantCulture), TimeOnly.FromDateTime(actual.Clock));
                break;
            default:
                Assert.Fail($"toml-test has a type this comparison does not know: {type}");
                break;
        }
    }
}
