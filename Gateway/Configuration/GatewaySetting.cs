namespace PhaseMesh.Gateway.Configuration;

/// <summary>One thing that can be configured: <c>--name</c>, and the environment variable that stands for it.</summary>
/// <param name="Rule">What a value must be, as an error says it after "expected".</param>
/// <param name="IsValid">Judges one value (of a list: each).</param>
/// <param name="IsList">The flag may be repeated; the variable holds a comma list.</param>
internal sealed record GatewaySetting(
    string Name, string HelpName, string Description, string Rule, Func<string, bool> IsValid, bool IsList = false)
{
    public string Flag => "--" + Name;

    public string Variable => "PHASE_GATEWAY_" + Name.ToUpperInvariant().Replace('-', '_');
}
