using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Tests.Support;

public enum Colour
{
    Red,
    Green,
}

public sealed class CounterState
{
    [GrainField]
    public long Value { get; set; }

    [GrainField]
    public string? Owner { get; set; }

    [GrainField]
    public Colour Colour { get; set; }

    [GrainField]
    public DateTimeOffset? At { get; set; }

    public List<string> Notes { get; set; } = [];
}

public interface ICounterGrain : IGrainWithStringKey
{
    Task<long> AddAsync(long amount);

    [ReadOnly]
    Task<long> GetAsync();

    [ReadOnly]
    ValueTask<string?> GetEtagAsync();

    Task<long> GetInTurnAsync();

    Task SetAsync(string? owner, Colour colour, DateTimeOffset? at);

    Task NoteAsync(string note);

    [ReadOnly]
    Task<string> NotesAsync();

    Task ClearAsync();

    Task ChangeAndThrowAsync();

    Task ChangeWithoutWriteAsync();

    Task WriteTwiceAsync();

    Task TellThenWriteAsync(string other);

    Task<long> AddThenTellAsync(string other);

    [ReadOnly]
    Task WriteInReadAsync();

    [ReadOnly]
    Task ChangeInReadAsync();

    Task HangAsync();

    Task AddAfterAsync(string gate);

    Task CallBackAsync(string other);

    Task CallSelfAsync();

    [OneWay]
    Task AddOneWayAsync(long amount);

    Task EmitAsync(string feed, int count);

    Task EmitAndThrowAsync(string feed);

    Task EmitWithoutWriteAsync(string feed);
}

/// <summary>A grain that does everything the suite asks about.</summary>
internal sealed class CounterGrain([PersistentState("count")] IPersistentState<CounterState> state, IEventFeed feed, TestGates gates)
    : Grain, ICounterGrain
{
    public async Task<long> AddAsync(long amount)
    {
        state.State.Value += amount;
        await state.WriteStateAsync();
        return state.State.Value;
    }

    public Task<long> GetAsync() => Task.FromResult(state.State.Value);

    public ValueTask<string?> GetEtagAsync() => ValueTask.FromResult(state.Etag);

    public Task<long> GetInTurnAsync() => Task.FromResult(state.State.Value);

    public Task SetAsync(string? owner, Colour colour, DateTimeOffset? at)
    {
        (state.State.Owner, state.State.Colour, state.State.At) = (owner, colour, at);
        return state.WriteStateAsync();
    }

    public Task NoteAsync(string note)
    {
        state.State.Notes.Add(note);
        return state.WriteStateAsync();
    }

    public Task<string> NotesAsync() => Task.FromResult(string.Join("|", state.State.Notes));

    public Task ClearAsync() => state.ClearStateAsync();

    public Task ChangeAndThrowAsync()
    {
        state.State.Value = -1;
        state.State.Notes.Add("half");
        throw new InvalidOperationException("In the middle.");
    }

    public Task ChangeWithoutWriteAsync()
    {
        state.State.Value = -1;
        return Task.CompletedTask;
    }

    public async Task WriteTwiceAsync()
    {
        state.State.Value++;
        await state.WriteStateAsync();
        state.State.Value++;
        await state.WriteStateAsync();
    }

    public async Task TellThenWriteAsync(string other)
    {
        await GrainFactory.GetGrain<ICounterGrain>(other).AddAsync(1);
        state.State.Value++;
        await state.WriteStateAsync();
    }

    public async Task<long> AddThenTellAsync(string other)
    {
        state.State.Value++;
        await state.WriteStateAsync();
        return await GrainFactory.GetGrain<ICounterGrain>(other).AddAsync(1);
    }

    public Task WriteInReadAsync() => state.WriteStateAsync();

    public Task ChangeInReadAsync()
    {
        state.State.Notes.Add("shared");
        return Task.CompletedTask;
    }

    public async Task HangAsync()
    {
        state.State.Value = 1000;
        await gates.WaitAsync(this.GetPrimaryKeyString());
        await state.WriteStateAsync();
    }

    public async Task AddAfterAsync(string gate)
    {
        long value = state.State.Value;
        await gates.WaitAsync(gate);
        state.State.Value = value + 1;
        await state.WriteStateAsync();
    }

    public Task CallBackAsync(string other) => GrainFactory.GetGrain<ICounterGrain>(other).CallBackAsync(this.GetPrimaryKeyString());

    public Task CallSelfAsync() => GrainFactory.GetGrain<ICounterGrain>(this.GetPrimaryKeyString()).GetAsync();

    public async Task AddOneWayAsync(long amount)
    {
        await AddAsync(amount);
        gates.Pass($"one-way {this.GetPrimaryKeyString()}");
    }

    public async Task EmitAsync(string feedName, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await feed.AppendAsync(feedName, new Told(this.GetPrimaryKeyString(), ++state.State.Value));
        }

        await state.WriteStateAsync();
    }

    public async Task EmitAndThrowAsync(string feedName)
    {
        await feed.AppendAsync(feedName, new Told(this.GetPrimaryKeyString(), -1));
        throw new InvalidOperationException("After appending.");
    }

    public async Task EmitWithoutWriteAsync(string feedName) => await feed.AppendAsync(feedName, new Told(this.GetPrimaryKeyString(), -1));
}

internal sealed record Told(string Who, long Value);

public sealed class AlarmState
{
    public int Rings { get; set; }
}

public interface IAlarmGrain : IGrainWithStringKey
{
    Task SetAsync(string name, TimeSpan due, TimeSpan period);

    Task StopAsync(string name);

    Task<string> NamesAsync();

    [ReadOnly]
    Task<int> RingsAsync();
}

internal sealed class AlarmGrain([PersistentState("alarm")] IPersistentState<AlarmState> state, TestGates gates)
    : Grain, IAlarmGrain, IRemindable
{
    public Task SetAsync(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task StopAsync(string name)
    {
        if (await this.GetReminder(name) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    public async Task<string> NamesAsync() => string.Join(",", (await this.GetReminders()).Select(reminder => reminder.ReminderName));

    public Task<int> RingsAsync() => Task.FromResult(state.State.Rings);

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (reminderName == "fails once" && gates.Pass($"failed {this.GetPrimaryKeyString()}"))
        {
            throw new InvalidOperationException("The first time.");
        }

        state.State.Rings++;
        await state.WriteStateAsync();
        gates.Pass($"rang {this.GetPrimaryKeyString()}");
    }
}
