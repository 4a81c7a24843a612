namespace PhaseMesh.Silo.Configuration;

internal enum SettingType
{
    Boolean,
    Integer,
    Text,

    /// <summary>One string or a list of strings; a comma list in an environment variable.</summary>
    TextList,
}

/// <summary>One key of provider.toml: its type, the rule for its values, and the environment variable that stands for it.</summary>
/// <param name="Name">The key as written in its table.</param>
/// <param name="Rule">What a value must be, as an error says it after "expected".</param>
/// <param name="IsValid">Judges one value (of a list: each) by its text.</param>
/// <param name="Variable">The environment variable, or null when there is none.</param>
/// <param name="IsSecret">Errors do not show its value.</param>
internal sealed record ProviderSetting(
    string Name, SettingType Type, string Rule, Func<string, bool> IsValid, string? Variable = null, bool IsSecret = false)
{
    public string TypeName => Type switch
    {
        SettingType.Boolean => "true or false",
        SettingType.Integer => "an integer",
        SettingType.Text => "a string",
        _ => "a string or a list of strings",
    };
}
