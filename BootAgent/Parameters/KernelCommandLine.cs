using System.Text;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// Reads the <c>phase.*</c> words of a kernel command line: words are separated by white space, double quotes hold white space
/// together, <c>--</c> ends what is meant for the kernel and its users (Documentation/admin-guide/kernel-parameters.rst).
/// </summary>
internal static class KernelCommandLine
{
    /// <summary>x86_64 and arm64 kernels take 2048 bytes; a longer text is not a command line.</summary>
    public const int MaxBytes = 4096;

    private const string Prefix = "phase.";

    public static void ReadFile(string path, ParameterValues into)
    {
        byte[] bytes = new byte[MaxBytes + 1];
        int length;
        try
        {
            using FileStream file = File.OpenRead(path);
            length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            into.Errors.Add($"{path}: the kernel command line cannot be read ({error.Message}); is /proc mounted?");
            return;
        }

        if (length > MaxBytes)
        {
            into.Errors.Add($"{path}: longer than {MaxBytes} bytes, which no kernel accepts as a command line");
            return;
        }

        Read(Encoding.UTF8.GetString(bytes, 0, length), into);
    }

    public static void Read(string commandLine, ParameterValues into)
    {
        foreach (string word in Words(commandLine))
        {
            if (word == "--")
            {
                return;
            }

            if (!word.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            int equals = word.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? word : word[..equals];
            ParameterDefinition? definition = ParameterTable.ByName(name);
            if (definition is null)
            {
                into.Warnings.Add($"unknown kernel parameter {ParameterValues.Shown(name)} is ignored");
            }
            else if (equals < 0 && !definition.IsSwitch)
            {
                into.Errors.Add($"{name}: has no value; expected {name}= and {definition.Expected}");
            }
            else
            {
                into.Add(definition, new GivenValue(equals < 0 ? "true" : word[(equals + 1)..], name));
            }
        }
    }

    private static IEnumerable<string> Words(string text)
    {
        StringBuilder word = new();
        bool quoted = false;
        foreach (char c in text)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && (char.IsWhiteSpace(c) || c == '\0'))
            {
                if (word.Length > 0)
                {
                    yield return word.ToString();
                    word.Clear();
                }
            }
            else
            {
                word.Append(c);
            }
        }

        if (word.Length > 0)
        {
            yield return word.ToString();
        }
    }
}
