using System.Text;
using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Serving.Tests.Toml;

public class TomlDocumentTests
{
    [Theory]
    [InlineData("a = ", 1, 5, "Expected a value, found the end of the file")]
    [InlineData("a = 1\nb = text\n", 2, 5, "found 'text'; text goes in quotes")]
    [InlineData("a = 1\n  b 2\n", 2, 5, "Expected '=' after the key b, found '2'")]
    [InlineData("a = 1 b = 2", 1, 7, "Expected the end of the line after the value, found 'b'")]
    [InlineData("a = 1\na = 2", 2, 1, "found a again; it is an integer since 1:1")]
    [InlineData("[t]\n[t]", 2, 2, "found t again; it is a table since 1:2")]
    [InlineData("a.b = 1\n[a]\n", 2, 2, "found a again; it is a table since 1:1")]
    [InlineData("a = {b = 1}\na.c = 2", 2, 1, "found a again; it is a table since 1:1")]
    [InlineData("[[a.b]]\n[a]\nb.c = 1", 3, 1, "found b again; it is an array of tables since 1:5")]
    [InlineData("a = [1, 2", 1, 5, "Expected the array to be closed with ']', found the end of the file")]
    [InlineData("a = {b = 1\n}", 1, 5, "Expected the inline table to be closed with '}' on its line")]
    [InlineData("a = {b = 1,}", 1, 12, "Expected a key")]
    [InlineData("a = \"open\nb = 1", 1, 5, "Expected the string to be closed with \"")]
    [InlineData("a = '''open", 1, 5, "Expected the string to be closed with '''")]
    [InlineData("a = \"\\q\"", 1, 6, "found a backslash and 'q'")]
    [InlineData("a = \"\\uD800\"", 1, 6, "Expected a Unicode scalar value")]
    [InlineData("a = \"\\uFFFFFF", 1, 5, "Expected the string to be closed")]
    [InlineData("a = \"\\U80000000\"", 1, 6, "found 80000000")]
    [InlineData("a = 9223372036854775808", 1, 5, "Expected an integer of 64 bits")]
    [InlineData("a = 0xFFFFFFFFFFFFFFFF", 1, 5, "Expected an integer of 64 bits")]
    [InlineData("a = 012", 1, 5, "Expected no leading zero")]
    [InlineData("a = 1__2", 1, 5, "'_' only between digits")]
    [InlineData("a = 2023-02-29", 1, 5, "a date YYYY-MM-DD that the calendar has")]
    [InlineData("a = 10:00:60", 1, 5, "from 00:00:00 to 23:59:59")]
    [InlineData("a = 2023-02-28T10:00:00+24:00", 1, 5, "Z or an offset +HH:MM")]
    [InlineData("é = 1", 1, 1, "Expected a key")]
    [InlineData("\"\U0001F600é\" = x", 1, 8, "found 'x'")]
    [InlineData("a = 1 # bell \a", 1, 14, "found U+0007")]
    [InlineData("a = 1\r b = 2", 1, 6, "Expected the end of the line after the value, found U+000D")]
    [InlineData("a\0b = 1", 1, 2, "found U+0000")]
    [InlineData("\"a\0\" = 1", 1, 3, "found U+0000")]
    public void Parse_Malformed_NamesLineColumnAndWhatWasExpected(string toml, int line, int column, string problem)
    {
        TomlException refusal = Assert.Throws<TomlException>(() => Parse(toml));

        Assert.Equal(new TomlPosition(line, column), refusal.Position);
        Assert.Contains(problem, refusal.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_InvalidUtf8_NamesTheByteAndItsPlace()
    {
        byte[] toml = [.. "a = 1\nb = \"é"u8, 0xFF, (byte)'"'];

        TomlException refusal = Assert.Throws<TomlException>(() => TomlDocument.Parse(toml));

        Assert.Equal(new TomlPosition(2, 7), refusal.Position);
        Assert.Contains("0xFF", refusal.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ByteOrderMark_IsSkipped() =>
        Assert.Equal("1", TomlDocument.Parse([0xEF, 0xBB, 0xBF, .. "a = 1"u8]).Root.Find("a")!.ToString());

    [Fact]
    public void Parse_FileAtTheLimit_IsRead_OneByteMoreIsNot()
    {
        byte[] atLimit = [.. "a = 1\n#"u8, .. Enumerable.Repeat((byte)'x', TomlLimits.MaxFileBytes - 7)];

        Assert.Equal("1", TomlDocument.Parse(atLimit).Root.Find("a")!.ToString());
        TomlException refusal = Assert.Throws<TomlException>(() => TomlDocument.Parse([.. atLimit, (byte)'x']));
        Assert.Contains("at most 1048576 bytes, found 1048577", refusal.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a = ", "[", "]", "")]
    [InlineData("a = ", "{b=", "}", "1")]
    public void Parse_NestingAtTheLimit_IsRead_OneDeeperIsNot(string start, string open, string close, string inner)
    {
        Parse(Nested(TomlLimits.MaxDepth - (inner.Length > 0 ? 1 : 0)));
        TomlException refusal = Assert.Throws<TomlException>(() => Parse(Nested(TomlLimits.MaxDepth + 1)));
        Assert.Contains("at most 64 deep", refusal.Problem, StringComparison.Ordinal);

        string Nested(int depth) =>
            start + string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth));
    }

    [Fact]
    public void Parse_DottedKeyAtTheLimit_IsRead_OnePartMoreIsNot()
    {
        Parse(Key(TomlLimits.MaxDepth) + " = 1");
        Parse($"[{Key(TomlLimits.MaxDepth)}]");
        Assert.Throws<TomlException>(() => Parse(Key(TomlLimits.MaxDepth + 1) + " = 1"));
        Assert.Throws<TomlException>(() => Parse($"[{Key(TomlLimits.MaxDepth + 1)}]"));

        static string Key(int parts) => string.Join('.', Enumerable.Repeat("k", parts));
    }

    /// <summary>The costliest files of the largest size: each must be read in linear time, or a configuration could hang a start.</summary>
    [Theory]
    [InlineData("[", "")]
    [InlineData("a=[", "")]
    [InlineData("a='", "")]
    [InlineData("[[a.b.c.d.e.f]]\n", "")]
    [InlineData("\"\\u0041", "")]
    [InlineData("a=[", "1,1,1,1,1,1,1,1,1,1,")]
    [InlineData("a=\"\"\"", "\\\n \"\" ")]
    [InlineData("", "\n\n\n\n\n\n\n\n\n#\n")]
    public async Task Parse_HostileFileOfFullSize_EndsSoon(string prefix, string unit)
    {
        string body = unit.Length > 0 ? unit : prefix;
        byte[] toml =
            Encoding.UTF8.GetBytes(prefix + string.Concat(Enumerable.Repeat(body,
                (TomlLimits.MaxFileBytes - prefix.Length) / body.Length)));

        await Task.Run(() =>
        {
            try
            {
                TomlDocument.Parse(toml);
            }
            catch (TomlException refusal)
            {
                Assert.NotEmpty(refusal.Problem);
            }
        }).WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static TomlDocument Parse(string toml) => TomlDocument.Parse(Encoding.UTF8.GetBytes(toml));
}
