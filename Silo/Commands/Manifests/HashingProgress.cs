using Spectre.Console;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary>Shows on standard error how far hashing is: bars on a terminal, one line per artifact elsewhere.</summary>
internal static class HashingProgress
{
    /// <param name="work">Does the hashing; gets a way to announce a file's name and size, which gives the sink for its bytes.</param>
    public static async Task<T> RunAsync<T>(CommandContext context, Func<Func<string, long, IProgress<long>>, Task<T>> work)
    {
        if (!context.CanDrawOn(context.ErrorIsTerminal))
        {
            return await work((name, sizeBytes) =>
            {
                context.Error.WriteLine($"Hashing {name} ({HumanSize.Of(sizeBytes)})");
                return new Sink(_ => { });
            });
        }

        return await context.Draw(context.Error, isTerminal: true).Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(),
                new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(bars => work((name, sizeBytes) =>
            {
                ProgressTask bar = bars.AddTask(Markup.Escape(name), maxValue: sizeBytes);
                return new Sink(bytes => bar.Value = bytes);
            }));
    }

    /// <summary>Progress{T} would post to another thread, where the last report could come after the bar is gone.</summary>
    private sealed class Sink(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
