using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>A process with js-libp2p nodes, driven by one JSON line per command. It ends with its standard input.</summary>
public sealed class JsPeer : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _waiting = [];
    private readonly SemaphoreSlim _writing = new(1);
    private Process? _process;
    private int _lastId;

    public static string Folder { get; } = Path.Combine(FindRoot(), "tests", "Interop.Tests", "js");

    public async Task InitializeAsync()
    {
        await RunInstallAsync();
        ProcessStartInfo start = new("node", "peer.mjs")
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Receive(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
    }

    public async Task DisposeAsync()
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
        }
        _writing.Dispose();
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
            : throw new InvalidOperationException($"js-libp2p refused '{command}': {result["error"]}");
    }

    /// <summary>Starts a node in the process and returns its first address with the peer id.</summary>
    public async Task<string> StartNodeAsync(string name = "main", bool dht = false, bool server = true)
    {
        JsonNode started = await RunAsync("start", ("name", name), ("dht", dht), ("server", server));
        return started["addresses"]![0]!.GetValue<string>();
    }

    private void Receive(string? line)
    {
        if (line is not null && JsonNode.Parse(line) is { } answer && _waiting.TryRemove(answer["id"]!.GetValue<int>(), out var waiting))
        {
            waiting.TrySetResult(answer);
        }
    }

    private static async Task RunInstallAsync()
    {
        // One installation at a time, over all test processes.
        await using FileStream turn = await OpenAloneAsync(Path.Combine(Path.GetTempPath(), "phasemesh-interop-install.lock"));
        using Process install = Process.Start(new ProcessStartInfo("sh", "install.sh") { WorkingDirectory = Folder })!;
        await install.WaitForExitAsync();
        Assert.Equal(0, install.ExitCode);
    }

    private static async Task<FileStream> OpenAloneAsync(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PhaseMesh.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
