namespace PhaseMesh.Grains.BootSessions;

/// <summary>What a boot's log keeps: its beginning, and its end once it got too long.</summary>
[GenerateSerializer]
internal sealed class BootLogGrainState
{
    [Id(0)]
    public string Beginning { get; set; } = "";

    [Id(1)]
    public string End { get; set; } = "";

    /// <summary>Characters between the two that were dropped.</summary>
    [Id(2)]
    public long Dropped { get; set; }
}

/// <summary>See <see cref="IBootLogGrain"/>.</summary>
internal sealed class BootLogGrain([PersistentState("log")] IPersistentState<BootLogGrainState> log) : Grain, IBootLogGrain
{
    public async Task AppendAsync(string text)
    {
        // NUL is the one character that PostgreSQL doesn't keep.
        text = text.Replace('\0', '\uFFFD');
        BootLogGrainState state = log.State;
        int head = Math.Min(text.Length, BootLimits.KeptLogLength - state.Beginning.Length);
        state.Beginning += text[..head];
        string end = state.End + text[head..];
        int surplus = Math.Max(0, end.Length - BootLimits.KeptLogLength);
        (state.End, state.Dropped) = (end[surplus..], state.Dropped + surplus);
        await log.WriteStateAsync();
    }

    public Task<string> GetAsync() => Task.FromResult(log.State.Dropped == 0
        ? log.State.Beginning + log.State.End
        : $"{log.State.Beginning}\n[{log.State.Dropped} characters left out]\n{log.State.End}");

    public async Task ForgetAsync()
    {
        if (log.RecordExists)
        {
            await log.ClearStateAsync();
        }
    }
}
