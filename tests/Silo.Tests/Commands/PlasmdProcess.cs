using System.Diagnostics;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>The real plasmd as a process of its own, its two outputs kept apart.</summary>
internal static class PlasmdProcess
{
    /// <summary>Generous: a loaded machine starts .NET in seconds.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static string AssemblyPath { get; } = Path.Combine(AppContext.BaseDirectory, "plasmd.dll");

    public static Task<CommandRun> RunAsync(
        string[] arguments, string? standardInput = null, params (string Name, string? Value)[] environment) =>
        RunProgramAsync("dotnet", [AssemblyPath, .. arguments], standardInput, environment);

    public static async Task<CommandRun> RunProgramAsync(
        string program, string[] arguments, string? standardInput = null, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("PLASM_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.WriteAsync(standardInput);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return new CommandRun(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
