using System.CommandLine;
using System.CommandLine.Invocation;
using PhaseMesh.Gateway.Configuration;

namespace PhaseMesh.Gateway.Hosting;

/// <summary><c>phase-gateway serve</c> and <c>phase-gateway check</c>.</summary>
internal static class GatewayCommandLine
{
    // As plasmd's.
    public const int UsageError = 2;
    public const int ConfigurationError = 4;

    /// <param name="serve">Runs the gateway until it is stopped; gives the exit code.</param>
    /// <returns>0 after a clean stop, 1 when it could not start, 2 for a wrong command line, 4 for a wrong configuration.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, GatewayEnvironment environment, TextWriter output, TextWriter error,
        Func<GatewayOptions, ConfigurationSource, Task<int>> serve)
    {
        Command command = Make(
            "serve", "Serve until SIGTERM or Ctrl-C; SIGHUP and changes of the file are taken up. "
            + "Each option has a variable: --cache-dir is PHASE_GATEWAY_CACHE_DIR.", environment, error, serve);
        Command check = Make("check", "Check the configuration that serve would start with.", environment, error, async (options, _) =>
        {
            await output.WriteLineAsync($"The configuration is good{(options.ConfigPath is { } path ? $"; {path} was read" : "")}.");
            return 0;
        });
        ParseResult result =
            new RootCommand("One address for boot artifacts, served from the best replica.") { command, check }.Parse(arguments);
        if (result.Action is ParseErrorAction || (result.Errors.Count > 0 && result.Action is null))
        {
            foreach (string problem in result.Errors.Select(problem => problem.Message).DefaultIfEmpty("expected a command: serve or check"))
            {
                await error.WriteLineAsync($"phase-gateway: {problem}");
            }

            return UsageError;
        }

        return await result.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // The host handles signals: it drains.
        });
    }

    private static Command Make(
        string name, string description, GatewayEnvironment environment, TextWriter error,
        Func<GatewayOptions, ConfigurationSource, Task<int>> run)
    {
        Command command = new(name, description);
        Dictionary<GatewaySetting, Option<string[]>> options = [];
        foreach (GatewaySetting setting in GatewaySettings.All)
        {
            Option<string[]> option = new(setting.Flag) { HelpName = setting.HelpName, Description = setting.Description };
            options.Add(setting, option);
            command.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(setting => parsed.GetValue(options[setting]) ?? [], environment, error, run));
        return command;
    }

    private static async Task<int> RunAsync(
        Func<GatewaySetting, IReadOnlyList<string>> flags, GatewayEnvironment environment, TextWriter error,
        Func<GatewayOptions, ConfigurationSource, Task<int>> run)
    {
        ConfigurationSource source = new(
            () => (GatewayConfiguration.Load(flags, environment, out IReadOnlyList<string> found), found),
            GatewayConfiguration.PathOf(flags, environment));
        (GatewayOptions? options, IReadOnlyList<string> problems) = source.Load();
        foreach (string problem in problems)
        {
            await error.WriteLineAsync($"phase-gateway: {problem}");
        }

        return options is null ? ConfigurationError : await run(options, source);
    }
}
