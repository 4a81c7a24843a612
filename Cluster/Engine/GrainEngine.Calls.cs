using System.Diagnostics;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.Cluster.Storage;

namespace PhaseMesh.Cluster.Engine;

/// <summary>
/// How a call runs. 1: a read-only call on fresh states runs at once on its caller's thread. Otherwise 2: the chain of callers is
/// checked, 3: the grain comes into memory, 4: the turn waits for its grain's gate, 5: it runs until its deadline, 6: if it lost, or
/// ended without a write on an old state, it runs again. Whatever fails on the way, the gate opens and the copies are dropped.
/// </summary>
internal sealed partial class GrainEngine
{
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(40);

    private readonly long _limit;

    /// <returns>Null: not from the cache. With a <paramref name="running"/> turn: not ended yet, see <see
    /// cref="FinishReadAsync"/>.</returns>
    public Task? TryReadCached(Activation activation, GrainInvocation invocation, GrainMethod method, out GrainTurn? running)
    {
        running = null;
        if (!method.IsReadOnly || !activation.IsActive || GrainReads.Mode == ReadMode.Newest)
        {
            return null;
        }

        long now = Session.Time.GetTimestamp();
        if (activation.TryFresh(now) is not { } snapshots)
        {
            return null;
        }

        GrainTurn? caller = GrainTurn.Current;
        if (caller is not null)
        {
            CheckChain(caller, activation.Class, activation.Key, method);
        }

        activation.LastUsed = now;
        ClusterInstruments.Call(activation.Class.Name);
        ClusterInstruments.CachedRead(activation.Class.Name);
        GrainTurn turn = new(activation, method, caller, snapshots, DeadlineOf(caller, now));
        byte[]?[]? before = Options.VerifyReadOnlyCalls ? turn.Print() : null;
        GrainTurn.Current = turn;
        Task work;
        try
        {
            work = invocation.InvokeAsync(activation.Instance!);
        }
        catch (Exception exception)
        {
            work = Task.FromException(exception);
        }
        finally
        {
            GrainTurn.Current = caller;
        }

        if (work.IsCompleted)
        {
            turn.End();
            turn.VerifyUnchanged(before);
            if (activation.IsLeaving)
            {
                Leave(activation);
            }

            return work;
        }

        running = turn;
        return work;
    }

    /// <returns>The task of the read, ended.</returns>
    public async ValueTask<Task> FinishReadAsync(Task work, GrainTurn turn)
    {
        await WaitAsync(work, turn);
        turn.End();
        if (turn.Activation.IsLeaving)
        {
            Leave(turn.Activation);
        }

        return work;
    }

    /// <returns>The task that the method returned, ended; it may hold its exception.</returns>
    public async ValueTask<Task> RunAsync(GrainClass grainClass, string key, GrainInvocation invocation, GrainMethod method)
    {
        GrainTurn? caller = GrainTurn.Current;
        long began = Session.Time.GetTimestamp();
        long deadline = DeadlineOf(caller, began);
        ClusterInstruments.Call(grainClass.Name);
        using Activity? span = ClusterTraces.Call(method.Name, key);
        try
        {
            if (caller is not null)
            {
                CheckChain(caller, grainClass, key, method);
                if (!method.IsReadOnly)
                {
                    await caller.TellAsync(method);
                }
            }

            Activation activation = Find(grainClass, key);
            activation.LastUsed = began;
            await activation.ActivateAsync(deadline);
            Task ended = await RunTurnsAsync(activation, invocation, method, caller, began, deadline);
            if (ended.Exception?.InnerException is { } thrown)
            {
                ClusterInstruments.CallFailed(grainClass.Name, thrown);
                span.Failed(thrown);
            }

            return ended;
        }
        catch (Exception exception)
        {
            ClusterInstruments.CallFailed(grainClass.Name, exception);
            span.Failed(exception);
            throw;
        }
        finally
        {
            ClusterInstruments.CallDone(grainClass.Name, Session.Time.GetElapsedTime(began));
        }
    }

    /// <summary>A turn of a grain that is in memory, such as a timer's tick.</summary>
    public async ValueTask<Task> RunOnAsync(Activation activation, GrainInvocation invocation, GrainMethod method)
    {
        long began = Session.Time.GetTimestamp();
        return await RunTurnsAsync(activation, invocation, method, null, began, began + _limit);
    }

    public Task RunOneWay(GrainClass grainClass, string key, GrainInvocation invocation, GrainMethod method)
    {
        Track(RunAndLogAsync());
        return Task.CompletedTask;

        async Task RunAndLogAsync()
        {
            await Task.Yield();
            try
            {
                await await RunAsync(grainClass, key, invocation, method);
            }
            catch (Exception exception)
            {
                Log.OneWayFailed($"{method.Name}({key})", exception);
            }
        }
    }

    /// <summary>Steps 4 to 6.</summary>
    public async ValueTask<Task> RunTurnsAsync(
        Activation activation, GrainInvocation invocation, GrainMethod method, GrainTurn? caller, long began, long deadline)
    {
        bool takesTurns = !method.IsReadOnly && !method.IsInterleaving;
        if (takesTurns && !activation.Gate.TryEnter() && !await activation.Gate.EnterAsync(Session.Rest(deadline), Session.Time))
        {
            throw new TimeoutException($"{method.Name}({activation.Key}) waited {Options.CallLimit.TotalSeconds} s for its turn; "
                + $"{activation.Holder?.ToString() ?? "another call"} has it. It did not run.");
        }

        try
        {
            for (int attempt = 1; ; attempt++)
            {
                StateSnapshot[] snapshots = method.IsReadOnly
                    ? await activation.ReadStatesAsync(GrainReads.Mode, deadline)
                    : await activation.WriteStatesAsync(deadline);
                GrainTurn turn = new(activation, method, caller, snapshots, deadline);
                if (takesTurns)
                {
                    activation.Holder = turn;
                }

                Task ended = await RunOnceAsync(activation, invocation, turn);
                if (!turn.HasLost && await IsValidAsync(turn, began))
                {
                    return turn.End() is { } fault && ended.IsCompletedSuccessfully ? Task.FromException(fault) : ended;
                }

                turn.End();
                ClusterInstruments.Conflict(activation.Class.Name);
                ClusterTraces.TurnLost();
                await DelayAsync(turn, attempt, deadline);
            }
        }
        finally
        {
            if (takesTurns)
            {
                activation.Holder = null;
                activation.Gate.Exit();
            }

            if (activation.IsLeaving)
            {
                Leave(activation);
            }
        }
    }

    public async Task RunDeactivationAsync(Activation activation, Grain grain, DeactivationReason reason)
    {
        GrainMethod method = GrainMethod.Internal(activation.Class.Name, nameof(Grain.OnDeactivateAsync), isReadOnly: true);
        StateSnapshot[] snapshots = [.. activation.Slots.Select(slot => slot.Current!)];
        long now = Session.Time.GetTimestamp();
        GrainTurn turn = new(activation, method, null, snapshots, now + _limit);
        DelegateInvocation invocation = new(self => self.OnDeactivateAsync(reason, CancellationToken.None));
        try
        {
            await await RunOnceAsync(activation, invocation, turn, grain);
        }
        catch (Exception exception)
        {
            Log.DeactivationFailed(activation.Identity, exception);
        }
        finally
        {
            turn.End();
        }
    }

    /// <summary>A grain that is called back while it waits would wait for itself.</summary>
    private static void CheckChain(GrainTurn caller, GrainClass grainClass, string key, GrainMethod method)
    {
        if (method.IsInterleaving)
        {
            return;
        }

        for (GrainTurn? turn = caller; turn is not null; turn = turn.Parent)
        {
            if (turn.Activation.Class == grainClass && turn.Activation.Key == key && !turn.IsOver
                && !turn.Method.IsInterleaving && !(turn.Method.IsReadOnly && method.IsReadOnly))
            {
                throw new GrainCallCycleException(
                    $"{caller.Chain()} -> {method.Name}({key}): the call came back to {grainClass.Name}/{key}, which waits for it. "
                    + "Mark the method [AlwaysInterleave], or hand over what it needs.");
            }
        }
    }

    /// <summary>A turn that ended without a write must have begun from a state that was the newest during the call.</summary>
    private static async ValueTask<bool> IsValidAsync(GrainTurn turn, long began) =>
        turn.Method.IsReadOnly || turn.HasWritten || turn.HasToldOthers
            || !turn.HasRead || turn.WasNewestAt(began) || await turn.IsStillNewestAsync();

    private async ValueTask<Task> RunOnceAsync(Activation activation, GrainInvocation invocation, GrainTurn turn, Grain? grain = null)
    {
        byte[]?[]? before = Options.VerifyReadOnlyCalls && turn.Method.IsReadOnly ? turn.Print() : null;
        GrainTurn.Current = turn;
        Task work;
        try
        {
            work = invocation.InvokeAsync(grain ?? activation.Instance!)
                ?? Task.FromException(new GrainRuleException($"{turn} returned null; expected a task."));
        }
        catch (Exception exception)
        {
            work = Task.FromException(exception);
        }

        if (!work.IsCompleted)
        {
            await WaitAsync(work, turn);
        }

        turn.VerifyUnchanged(before);
        return work;
    }

    /// <summary>Until the turn's method ended, or its deadline.</summary>
    private async ValueTask WaitAsync(Task work, GrainTurn turn)
    {
        await work.WaitAsync(Session.Rest(turn.Deadline), Session.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.IsCompleted)
        {
            return;
        }

        turn.Abandon();
        Log.TurnAbandoned(turn.ToString(), Options.CallLimit.TotalSeconds);
        if (turn.Pending is { } pending)
        {
            throw Session.Availability.Explain(
                $"write {pending.Id.Kind}/{pending.Id.Key}", turn.Deadline - _limit, isOutcomeUnknown: !pending.TryWithdraw());
        }

        throw new TimeoutException($"{turn.Chain()} did not end within {Options.CallLimit.TotalSeconds} s and was given up; it can't "
            + $"write any more."
            + (Session.Availability.IsUp ? "" : " The storage is away."));
    }

    private async ValueTask DelayAsync(GrainTurn turn, int attempt, long deadline)
    {
        if (attempt >= Options.MaxTurnAttempts || Session.Rest(deadline) == TimeSpan.Zero)
        {
            Log.TurnsLost(turn.ToString(), attempt);
            throw new InconsistentStateException($"{turn} lost its write to other silos {attempt} times and was given up; nothing "
                + $"was written. "
                + "Too many silos write this grain at once.");
        }

        if (attempt > 1)
        {
            TimeSpan delay = TimeSpan.FromMilliseconds(1 << Math.Min(attempt, 6));
            await Task.Delay((delay < MaxRetryDelay ? delay : MaxRetryDelay) * Random.Shared.NextDouble(), Session.Time);
        }
    }

    private long DeadlineOf(GrainTurn? caller, long now) =>
        caller is { IsOver: false } && caller.Deadline < now + _limit ? caller.Deadline : now + _limit;

    private void Leave(Activation activation) =>
        Track(DropAsync(activation, new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called.")));
}
