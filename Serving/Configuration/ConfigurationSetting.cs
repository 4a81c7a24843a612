namespace PhaseMesh.Serving.Configuration;

public enum SettingType
{
    Boolean,
    WholeNumber,
    Text,

    /// <summary>One string or a list of strings; a comma list in an environment variable.</summary>
    TextList,

    /// <summary>Bytes: an integer, or a string with a unit such as <c>"512MiB"</c>.</summary>
    Size,

    /// <summary>An integer or a float.</summary>
    Number,
}

/// <summary>One thing that can be configured: its key in a file, its type, the rule for its values, and the environment variable.</summary>
/// <param name="Name">The key as written in its table.</param>
/// <param name="Rule">What a value must be, as an error says it after "expected".</param>
/// <param name="IsValid">Judges one value (of a list: each) by its text.</param>
/// <param name="Variable">The environment variable, or null when there is none.</param>
/// <param name="IsSecret">Errors do not show its value.</param>
/// <param name="Canonical">Of a list: what an item means, where several words mean the same.</param>
public record ConfigurationSetting(
    string Name, SettingType Type, string Rule, Func<string, bool> IsValid, string? Variable = null, bool IsSecret = false,
    Func<string, string>? Canonical = null)
{
    public string TypeName => Type switch
    {
        SettingType.Boolean => "true or false",
        SettingType.WholeNumber => "an integer",
        SettingType.Text => "a string",
        SettingType.Number => "a number",
        SettingType.Size => "an integer or a string",
        _ => "a string or a list of strings",
    };
}
