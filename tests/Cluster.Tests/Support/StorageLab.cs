using Microsoft.Data.Sqlite;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.InMemory;
using PhaseMesh.TestKit.Postgres;

namespace PhaseMesh.Cluster.Tests.Support;

/// <summary>One empty storage that silos share, and that can be taken away.</summary>
public abstract class StorageLab : IAsyncDisposable
{
    private readonly List<GrainCluster> _silos = [];

    internal TestGates Gates { get; } = new();

    public async Task<GrainCluster> StartSiloAsync(string name = "silo", Action<GrainClusterOptions>? configure = null)
    {
        GrainClusterOptions options = new()
        {
            SiloName = name,
            Storage = NewStorage(),
            MinReminderPeriod = TimeSpan.FromMilliseconds(100),
            ReminderPollPeriod = TimeSpan.FromMilliseconds(50),
            CallLimit = TimeSpan.FromSeconds(20),
        };
        options.AddGrain<CounterGrain>().AddGrain<AlarmGrain>();
        configure?.Invoke(options);
        GrainCluster silo = await GrainCluster.StartAsync(options, new TestServices(Gates));
        _silos.Add(silo);
        return silo;
    }

    public abstract Task TakeAwayAsync();

    public abstract Task BringBackAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (GrainCluster silo in _silos)
        {
            await silo.DisposeAsync();
        }

        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract GrainStorage NewStorage();

    protected virtual ValueTask CloseAsync() => ValueTask.CompletedTask;

    private sealed class TestServices(TestGates gates) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(TestGates) ? gates : null;
    }
}

public sealed class InMemoryLab : StorageLab
{
    private readonly InMemoryGrainStorage _storage = (InMemoryGrainStorage)GrainStorage.InMemory();

    public override Task TakeAwayAsync()
    {
        _storage.IsAway = true;
        return Task.CompletedTask;
    }

    public override Task BringBackAsync()
    {
        _storage.IsAway = false;
        return Task.CompletedTask;
    }

    protected override GrainStorage NewStorage() => _storage;
}

/// <summary>Taken away by another process's lock on the file.</summary>
public sealed class SqliteLab : StorageLab
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("phasemesh-sqlite-");
    private SqliteConnection? _lock;

    private string File => Path.Combine(_directory.FullName, "grains.db");

    public override Task TakeAwayAsync()
    {
        _lock = new SqliteConnection($"Data Source={File};Pooling=False");
        _lock.Open();
        using SqliteCommand command = _lock.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        command.ExecuteNonQuery();
        return Task.CompletedTask;
    }

    public override Task BringBackAsync()
    {
        _lock?.Dispose();
        _lock = null;
        return Task.CompletedTask;
    }

    protected override GrainStorage NewStorage() => GrainStorage.Sqlite(File);

    protected override ValueTask CloseAsync()
    {
        _lock?.Dispose();
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Taken away by freezing the server.</summary>
public sealed class PostgresLab(PostgresServer server, string connectionString) : StorageLab
{
    public PostgresServer Server => server;

    public string ConnectionString => connectionString;

    public override Task TakeAwayAsync() => server.PauseAsync();

    public override Task BringBackAsync() => server.ResumeAsync();

    protected override GrainStorage NewStorage() => GrainStorage.Postgres(connectionString);
}
