using System.CommandLine;

namespace PhaseMesh.Silo.Commands.Completion;

/// <summary><c>plasmd completion</c>: prints a script that has the shell ask plasmd itself what may come next.</summary>
internal static class CompletionCommand
{
    private const string Examples = """
        # This shell only
        source <(plasmd completion bash)
        # Every bash from now on
        plasmd completion bash > /etc/bash_completion.d/plasmd
        plasmd completion zsh > /usr/local/share/zsh/site-functions/_plasmd
        plasmd completion fish > ~/.config/fish/completions/plasmd.fish
        """;

    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.CompletionSources.Add([.. CompletionScripts.All.Keys]);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !CompletionScripts.All.ContainsKey(token.Value))
            {
                result.AddError($"There is no completion for '{token.Value}': expected {string.Join(", ", CompletionScripts.All.Keys)}.");
            }
        });
        var command = new PlasmdCommand("completion", "Print a shell completion script.", Examples) { shell };
        command.SetAction(parsed =>
        {
            context.Output.Write(CompletionScripts.All[parsed.GetRequiredValue(shell)]);
            return ExitCode.Ok;
        });
        return command;
    }
}
