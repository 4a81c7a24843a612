namespace PhaseMesh.Serving.Toml;

/// <summary>How a table came to be, which decides what may still be added to it.</summary>
public enum TomlTableOrigin
{
    /// <summary>Named only on the way to another, as <c>a</c> in <c>[a.b]</c>; may be defined once later.</summary>
    Implicit,

    /// <summary>Has its own <c>[header]</c>, or is the root or an element of <c>[[header]]</c>.</summary>
    Header,

    /// <summary>Made by a dotted key; only dotted keys of the same section add to it.</summary>
    DottedKey,

    /// <summary>Written <c>{ ... }</c>; complete as it stands.</summary>
    Inline,
}

/// <summary>Keys in the order of the file.</summary>
public sealed class TomlTable(int offset, TomlTableOrigin origin) : TomlValue(offset)
{
    private readonly Dictionary<string, TomlEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<TomlEntry> _ordered = [];

    public TomlTableOrigin Origin { get; private set; } = origin;

    public IReadOnlyList<TomlEntry> Entries => _ordered;

    public override string TypeName => "a table";

    public TomlValue? Find(string key) => FindEntry(key)?.Value;

    public TomlEntry? FindEntry(string key) => _entries.GetValueOrDefault(key);

    /// <summary>Adds a key that <see cref="FindEntry"/> did not find.</summary>
    public void Add(TomlKeyPart key, TomlValue value)
    {
        var entry = new TomlEntry(key.Text, key.Offset, value);
        _entries.Add(key.Text, entry);
        _ordered.Add(entry);
    }

    public void DefineBy(TomlTableOrigin origin) => Origin = origin;

    /// <summary>Closes an inline table and the tables its dotted keys made.</summary>
    public void Close()
    {
        Origin = TomlTableOrigin.Inline;
        foreach (TomlEntry entry in _ordered)
        {
            if (entry.Value is TomlTable { Origin: not TomlTableOrigin.Inline } inner)
            {
                inner.Close();
            }
        }
    }
}

/// <summary>A key, where it stands, and its value.</summary>
public sealed record TomlEntry(string Key, int KeyOffset, TomlValue Value);

/// <summary>One part of a dotted key.</summary>
public readonly record struct TomlKeyPart(string Text, int Offset);
