using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>
/// The members of one flat JSON object from a peer: strings, whole numbers, true and false. Members are taken by name; what nobody took
/// is unknown, and the first thing that is wrong is kept as <see cref="Problem"/>.
/// </summary>
internal sealed class FetchFields
{
    private const int MaxMembers = 8;
    private const int MaxQuotedChars = 48;
    private readonly Dictionary<string, object> _members = new(StringComparer.Ordinal);

    private FetchFields()
    {
    }

    /// <summary>What is wrong with the object, in words; null while nothing is.</summary>
    public string? Problem { get; private set; }

    public static bool TryRead(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out FetchFields? fields, [NotNullWhen(false)] out string? problem)
    {
        fields = new FetchFields();
        // Checked at once: the reader itself looks at the bytes of a string only when it is taken, and then throws something else.
        problem = Utf8.IsValid(json) ? null : "It is not UTF-8.";
        try
        {
            problem ??= fields.Fill(json);
        }
        catch (JsonException exception)
        {
            problem = $"It is no JSON object of one level: {Quote(exception.Message)}";
        }
        catch (InvalidOperationException)
        {
            problem = "A string has half of a surrogate pair.";
        }
        fields = problem is null ? fields : null;
        return fields is not null;
    }

    public string? TakeText(string name) => Take(name) switch
    {
        null => null,
        string text => text,
        _ => Fail<string>($"'{name}' is no string."),
    };

    /// <summary>A whole number from 0 on.</summary>
    public long? TakeNumber(string name) => Take(name) switch
    {
        null => null,
        long and >= 0 and long number => number,
        long number => Fail<long?>($"'{name}' is {number}; expected 0 or more."),
        _ => Fail<long?>($"'{name}' is no whole number of at most 63 bits."),
    };

    public bool? TakeFlag(string name) => Take(name) switch
    {
        null => null,
        bool flag => flag,
        _ => Fail<bool?>($"'{name}' is neither true nor false."),
    };

    /// <summary>After the known members: false with <see cref="Problem"/> when anything is wrong or left.</summary>
    public bool IsUsedUp()
    {
        if (Problem is null && _members.Count > 0)
        {
            Problem = $"'{Quote(_members.Keys.First())}' does not belong there.";
        }
        return Problem is null;
    }

    /// <summary>Text of a peer for a message: short, and in one line.</summary>
    public static string Quote(string text) => string.Create(Math.Min(text.Length, MaxQuotedChars), text, static (span, source) =>
    {
        for (int index = 0; index < span.Length; index++)
        {
            char symbol = source[index];
            span[index] = char.IsControl(symbol) || char.IsSurrogate(symbol) ? '?' : symbol;
        }
    });

    private string? Fill(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 1 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return "It is no JSON object.";
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            object? value = reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString(),
                JsonTokenType.Number => reader.TryGetInt64(out long number) ? (object)number : double.NaN,
                JsonTokenType.True => true,
                JsonTokenType.False => false,
                _ => null,
            };
            if (value is null)
            {
                return $"'{Quote(name)}' is neither a string nor a number nor true or false.";
            }
            if (!_members.TryAdd(name, value))
            {
                return $"'{Quote(name)}' is there twice.";
            }
            if (_members.Count > MaxMembers)
            {
                return $"It has more than {MaxMembers} members.";
            }
        }
        return reader.Read() ? "Something follows the object." : null; // Throws when that something is no JSON either.
    }

    private object? Take(string name) => _members.Remove(name, out object? value) ? value : null;

    private T? Fail<T>(string problem)
    {
        Problem ??= problem;
        return default;
    }
}
