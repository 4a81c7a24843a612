using System.CommandLine;
using System.CommandLine.Parsing;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands;

/// <summary>Says what is wrong with a command line: one line per error, and where to read on.</summary>
internal static class UsageErrors
{
    public static void Write(ParseResult parsed, TextWriter error)
    {
        string path = PathOf(parsed.CommandResult);
        foreach (string problem in Problems(parsed))
        {
            error.WriteLine($"plasmd: {SingleLine.Of(problem)} See '{path} --help'.");
        }
    }

    private static IEnumerable<string> Problems(ParseResult parsed)
    {
        // A misspelt word makes everything after it look wrong, so it is all that is reported.
        string? unknown = parsed.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-'))
            ?? (parsed.UnmatchedTokens is [var first, ..] ? first : null);
        if (unknown is not null)
        {
            string kind = unknown.StartsWith('-') ? "option" : parsed.CommandResult.Command.Subcommands.Count > 0 ? "command" : "argument";
            string hint = SpellingSuggestion.Nearest(unknown, Candidates(parsed.CommandResult)) is { } near
                ? $" Did you mean '{near}'?"
                : "";
            return [$"Unknown {kind} '{unknown}'.{hint}"];
        }

        if (parsed.CommandResult.Command.Subcommands is { Count: > 0 } subcommands)
        {
            return [$"Expected a command: {string.Join(", ", subcommands.Select(command => command.Name))}."];
        }

        return parsed.Errors.Select(problem => problem.Message).Distinct();
    }

    private static IEnumerable<string> Candidates(CommandResult result) =>
        result.Command.Subcommands.Select(command => command.Name)
            .Concat(result.Command.Options.SelectMany(option => option.Aliases.Prepend(option.Name)))
            .Append("--help");

    private static string PathOf(CommandResult result) =>
        result.Command is RootCommand
            ? "plasmd"
            : $"{(result.Parent is CommandResult parent ? PathOf(parent) : "plasmd")} {result.Command.Name}";
}
