using System.Threading.Channels;

namespace PhaseMesh.Cluster.Node;

/// <summary>Standard output, a line at a time, flushed when nothing waits. What reached the pipe outlives this process.</summary>
internal sealed class NodeLines : IServiceProvider, IAsyncDisposable
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writer;

    public NodeLines() => _writer = Task.Run(WriteAllAsync);

    public void Write(string line) => _lines.Writer.TryWrite(line);

    public object? GetService(Type serviceType) => serviceType == typeof(NodeLines) ? this : null;

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writer;
    }

    private async Task WriteAllAsync()
    {
        await using StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 4096);
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (_lines.Reader.TryRead(out string? line))
            {
                await output.WriteLineAsync(line);
            }

            await output.FlushAsync();
        }
    }
}
