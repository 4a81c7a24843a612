using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace PhaseMesh.TestKit.JsPeers;

/// <summary>A process with libp2p nodes, driven by one JSON line per command. It ends with its standard input.</summary>
public abstract class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _waiting = [];
    private readonly SemaphoreSlim _writing = new(1);
    private Process? _process;
    private int _lastId;

    public virtual async Task InitializeAsync()
    {
        ProcessStartInfo start = await PrepareAsync();
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Receive(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close();
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
            process.Dispose();
            _process = null;
        }
        _writing.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>SIGKILL: no good-bye, no last write. Returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        using CancellationTokenSource limit = new(Patience);
        await _process.WaitForExitAsync(limit.Token);
        if (_process.ExitCode != 128 + 9)
        {
            throw new InvalidOperationException($"A killed peer ended with {_process.ExitCode}; expected {128 + 9}.");
        }
    }

    /// <summary>Runs a command and returns its answer; a refusal becomes an exception with the peer's words.</summary>
    public async Task<JsonNode> RunAsync(string command, params (string Name, JsonNode? Value)[] arguments)
    {
        int id = Interlocked.Increment(ref _lastId);
        JsonObject message = new() { ["id"] = id, ["command"] = command };
        foreach ((string name, JsonNode? value) in arguments)
        {
            message[name] = value;
        }
        TaskCompletionSource<JsonNode> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        await _writing.WaitAsync();
        try
        {
            await _process!.StandardInput.WriteLineAsync(message.ToJsonString());
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
        JsonNode result = await answer.Task.WaitAsync(Patience);
        return result["ok"]!.GetValue<bool>()
            ? result
            : throw new PeerRefusedException($"The peer refused '{command}': {result["error"]}");
    }

    /// <summary>Starts a node in the process and returns its first address with the peer id.</summary>
    public async Task<string> StartNodeAsync(string name = "main", bool dht = false, bool server = true)
    {
        JsonNode started = await RunAsync("start", ("name", name), ("dht", dht), ("server", server));
        return started["addresses"]![0]!.GetValue<string>();
    }

    /// <summary>What to run.</summary>
    protected abstract Task<ProcessStartInfo> PrepareAsync();

    private void Receive(string? line)
    {
        if (line is null)
        {
            // The end of its output: nobody will answer any more.
            foreach (TaskCompletionSource<JsonNode> waiter in _waiting.Values)
            {
                waiter.TrySetException(new InvalidOperationException("The peer's process ended; its standard error says why."));
            }
            return;
        }
        if (JsonNode.Parse(line) is { } answer && _waiting.TryRemove(answer["id"]!.GetValue<int>(), out var waiting))
        {
            waiting.TrySetResult(answer);
        }
    }
}
