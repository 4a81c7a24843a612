using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Manifests.Canonical;

/// <summary>An object; members keep the order they were added in, and no name occurs twice.</summary>
public sealed class JsonObject : JsonValue
{
    private readonly List<KeyValuePair<string, JsonValue>> _members = [];
    private readonly Dictionary<string, int> _indexByName = new(StringComparer.Ordinal);

    public IReadOnlyList<KeyValuePair<string, JsonValue>> Members => _members;

    public bool TryGet(string name, [NotNullWhen(true)] out JsonValue? value)
    {
        bool found = _indexByName.TryGetValue(name, out int index);
        value = found ? _members[index].Value : null;
        return found;
    }

    /// <returns>False, and nothing changes, if the name is there already.</returns>
    public bool TryAdd(string name, JsonValue value)
    {
        if (!_indexByName.TryAdd(name, _members.Count))
        {
            return false;
        }

        _members.Add(new(name, value));
        return true;
    }

    /// <summary>A copy without the member of that name.</summary>
    public JsonObject Without(string name)
    {
        JsonObject copy = new();
        foreach ((string memberName, JsonValue value) in _members)
        {
            if (!string.Equals(memberName, name, StringComparison.Ordinal))
            {
                copy.TryAdd(memberName, value);
            }
        }

        return copy;
    }
}
