namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// One value as it was given; <paramref name="Origin"/> is how an error names it, such as <c>phase.mode</c> or <c>--mode</c>.
/// </summary>
internal readonly record struct GivenValue(string Text, string Origin);

/// <summary>All values as given, before anything is judged, with what went wrong on the way.</summary>
internal sealed class ParameterValues
{
    private readonly Dictionary<string, List<GivenValue>> _values = new(StringComparer.Ordinal);

    public List<string> Errors { get; } = [];

    public List<string> Warnings { get; } = [];

    public void Add(ParameterDefinition definition, GivenValue value)
    {
        if (!_values.TryGetValue(definition.Key, out List<GivenValue>? given))
        {
            _values.Add(definition.Key, given = []);
        }

        given.Add(value);
    }

    /// <summary>Values of the command line of this process replace those of the kernel's, except where values add up.</summary>
    public void Override(ParameterDefinition definition, IReadOnlyList<GivenValue> values)
    {
        if (!definition.Repeats)
        {
            _values.Remove(definition.Key);
        }

        foreach (GivenValue value in values)
        {
            Add(definition, value);
        }
    }

    public IReadOnlyList<GivenValue> AllOf(ParameterDefinition definition) =>
        _values.TryGetValue(definition.Key, out List<GivenValue>? given) ? given : [];

    public GivenValue? LastOf(ParameterDefinition definition) => AllOf(definition) is { Count: > 0 } given ? given[^1] : null;

    public bool Has(ParameterDefinition definition) => _values.ContainsKey(definition.Key);

    public void Refuse(GivenValue value, ParameterDefinition definition) =>
        Errors.Add($"{value.Origin}={Shown(value.Text)}: expected {definition.Expected}");

    /// <summary>Untrusted text on one line: no control characters, and not more of it than a console line holds.</summary>
    public static string Shown(string text, int maxLength = 80)
    {
        string cut = text.Length > maxLength ? string.Concat(text.AsSpan(0, maxLength), "...") : text;
        return string.Concat(cut.Select(c => char.IsControl(c) ? '?' : c));
    }
}
