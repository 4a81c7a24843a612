namespace PhaseMesh.BootAgent.Parameters;

/// <summary>Reads <c>--flag value</c> and <c>--flag=value</c>, strictly: what it does not know is an error.</summary>
internal static class HostArguments
{
    public static void Read(IReadOnlyList<string> arguments, ParameterValues into)
    {
        Dictionary<ParameterDefinition, List<GivenValue>> given = [];
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string flag = equals < 0 ? argument : argument[..equals];
            ParameterDefinition? definition = ParameterTable.ByFlag(flag);
            if (definition is null)
            {
                into.Errors.Add($"{ParameterValues.Shown(argument)}: not a flag of phase-agent; --help lists them");
                continue;
            }

            string text;
            if (definition.IsSwitch)
            {
                if (equals >= 0)
                {
                    into.Errors.Add($"{flag}: takes no value, found {ParameterValues.Shown(argument[(equals + 1)..])}");
                    continue;
                }

                text = "true";
            }
            else if (equals >= 0)
            {
                text = argument[(equals + 1)..];
            }
            else if (i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
            {
                text = arguments[++i];
            }
            else
            {
                into.Errors.Add($"{flag}: has no value; expected {definition.Expected}");
                continue;
            }

            if (!given.TryGetValue(definition, out List<GivenValue>? values))
            {
                given.Add(definition, values = []);
            }
            else if (!definition.Repeats)
            {
                into.Errors.Add($"{flag}: given twice");
            }

            values.Add(new GivenValue(text, flag));
        }

        foreach ((ParameterDefinition definition, List<GivenValue> values) in given)
        {
            into.Override(definition, values);
        }
    }
}
