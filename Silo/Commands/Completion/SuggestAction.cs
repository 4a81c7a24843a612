using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace PhaseMesh.Silo.Commands.Completion;

/// <summary>
/// What <c>plasmd "[suggest:CURSOR]" LINE</c> answers, a word per line: the values of an option that waits for one, else commands,
/// values of arguments, and options. The library's own action takes any word after a repeatable option for one more of its values.
/// </summary>
internal sealed class SuggestAction(SuggestDirective directive) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        string line = parseResult.Tokens.LastOrDefault(token => token.Type != TokenType.Directive)?.Value ?? "";
        string? cursor = parseResult.GetResult(directive) is { Values: [var value, ..] } ? value : null;
        int length = int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out int position)
            ? Math.Min(position, line.Length)
            : line.Length;
        foreach (string word in Suggest(parseResult.RootCommandResult.Command, line[..length]))
        {
            parseResult.InvocationConfiguration.Output.WriteLine(word);
        }

        return ExitCode.Ok;
    }

    private static IEnumerable<string> Suggest(Command root, string line)
    {
        List<string> words = [.. CommandLineParser.SplitCommandLine(line)];
        string current = "";
        if (words.Count > 0 && !char.IsWhiteSpace(line[^1]))
        {
            current = words[^1];
            words.RemoveAt(words.Count - 1);
        }

        ParseResult before = root.Parse(words);
        Option[] options = [.. OptionsOf(before.CommandResult)];
        Option? waiting = words.Count > 0
            ? options.FirstOrDefault(option => IsNamed(option, words[^1]) && option.Arity.MinimumNumberOfValues > 0)
            : null;
        IEnumerable<string> offered = waiting is not null
            ? waiting.GetCompletions(CompletionContext.Empty).Select(item => item.Label)
            : WordsOf(before, options, current);
        return offered.Where(word => word.StartsWith(current, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal);
    }

    /// <summary>
    /// Options once the word begins like one, or when there is nothing else to offer; where a file is due, nothing is, and the shell offers
    /// files.
    /// </summary>
    private static IEnumerable<string> WordsOf(ParseResult before, Option[] options, string current)
    {
        Command command = before.CommandResult.Command;
        if (!current.StartsWith('-') && (command.Subcommands.Count > 0 || command.Arguments.Count > 0))
        {
            return command.Subcommands.Select(inner => inner.Name)
                .Concat(command.Arguments
                    .SelectMany(argument => argument.GetCompletions(CompletionContext.Empty))
                    .Select(item => item.Label));
        }

        return options
            .Where(option => option.Arity.MaximumNumberOfValues > 1 || before.GetResult(option) is null or { Implicit: true })
            .Select(option => option.Name);
    }

    private static IEnumerable<Option> OptionsOf(CommandResult result) =>
        result.Command.Options.Concat(result.Parent is CommandResult parent ? OptionsOf(parent).Where(option => option.Recursive) : []);

    private static bool IsNamed(Option option, string word) => option.Name == word || option.Aliases.Contains(word);
}
