using PhaseMesh.Serving.Configuration;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>
/// One thing that can be configured: <c>--flag</c>, the environment variable that stands for it, and its key in <c>gateway.toml</c>.
/// </summary>
/// <param name="FlagName">Without the dashes.</param>
/// <param name="Rule">What a value must be, as an error says it after "expected".</param>
/// <param name="IsValid">Judges one value (of a list: each).</param>
/// <param name="Type">Of a <see cref="SettingType.TextList"/> the flag may be repeated, and the variable holds a comma list.</param>
/// <param name="Table">The table of the file that has it; empty: it is no key of the file.</param>
/// <param name="Key">In that table; the flag's name with underscores when null.</param>
/// <param name="IsPath">In the file it is meant from the file's directory.</param>
/// <param name="NeedsRestart">It is read once; a reload only says so.</param>
internal sealed record GatewaySetting(
    string FlagName, string HelpName, string Description, string Rule, Func<string, bool> IsValid, SettingType Type = SettingType.Text,
    string Table = GatewaySettings.GatewayTable, string? Key = null, bool IsPath = false, bool NeedsRestart = false)
    : ConfigurationSetting(
        Key ?? FlagName.Replace('-', '_'), Type, Rule, IsValid, "PHASE_GATEWAY_" + FlagName.ToUpperInvariant().Replace('-', '_'))
{
    public string Flag => "--" + FlagName;

    public bool IsList => Type is SettingType.TextList;
}
