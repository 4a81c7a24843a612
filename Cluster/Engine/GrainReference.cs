using System.ComponentModel;

namespace PhaseMesh.Cluster.Engine;

/// <summary>
/// The base of the references that <see cref="ReferenceEmitter"/> makes; one method per method of the interface hands its call to here.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class GrainReference : IGrainWithStringKey
{
    private GrainEngine _engine = null!;
    private GrainClass _class = null!;
    private GrainMethod[] _methods = null!;
    private Activation? _activation;

    internal string Key { get; private set; } = "";

    public override bool Equals(object? obj) => obj is GrainReference other && other.GetType() == GetType() && other.Key == Key;

    public override int GetHashCode() => HashCode.Combine(GetType(), Key);

    public override string ToString() => $"{_class.Name}/{Key}";

    internal GrainReference Bind(GrainEngine engine, GrainClass grainClass, GrainMethod[] methods, string key)
    {
        (_engine, _class, _methods, Key) = (engine, grainClass, methods, key);
        return this;
    }

    protected Task Call(GrainInvocation invocation, int method)
    {
        GrainMethod called = _methods[method];
        if (called.IsOneWay)
        {
            return _engine.RunOneWay(_class, Key, invocation, called);
        }

        Task? read = _engine.TryReadCached(Activation(), invocation, called, out GrainTurn? turn);
        return read is null
            ? RunAsync(invocation, called)
            : turn is null ? read : FinishAsync(read, turn);
    }

    protected Task<TResult> Call<TResult>(GrainInvocation invocation, int method)
    {
        GrainMethod called = _methods[method];
        Task? read = _engine.TryReadCached(Activation(), invocation, called, out GrainTurn? turn);
        if (read is null)
        {
            return RunAsync<TResult>(invocation, called);
        }

        return turn is null && read is Task<TResult> done ? done : FinishAsync<TResult>(read, turn);
    }

    protected ValueTask CallValue(GrainInvocation invocation, int method) => new(Call(invocation, method));

    protected ValueTask<TResult> CallValue<TResult>(GrainInvocation invocation, int method) => new(Call<TResult>(invocation, method));

    private Activation Activation() => _activation is { IsClosed: false } known ? known : _activation = _engine.Find(_class, Key);

    private async Task RunAsync(GrainInvocation invocation, GrainMethod method) =>
        await await _engine.RunAsync(_class, Key, invocation, method);

    private async Task<TResult> RunAsync<TResult>(GrainInvocation invocation, GrainMethod method) =>
        await ResultAsync<TResult>(await _engine.RunAsync(_class, Key, invocation, method));

    private async Task FinishAsync(Task read, GrainTurn turn) => await await _engine.FinishReadAsync(read, turn);

    private async Task<TResult> FinishAsync<TResult>(Task read, GrainTurn? turn) =>
        await ResultAsync<TResult>(turn is null ? read : await _engine.FinishReadAsync(read, turn));

    private static async Task<TResult> ResultAsync<TResult>(Task ended)
    {
        if (ended is Task<TResult> typed)
        {
            return await typed;
        }

        // A method that threw before it made its task.
        await ended;
        throw new InvalidOperationException("A grain method ended without a result.");
    }
}

/// <summary>A call with its arguments.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class GrainInvocation
{
    public abstract Task InvokeAsync(object grain);
}

/// <summary>A turn that no interface has.</summary>
internal sealed class DelegateInvocation(Func<Grain, Task> body) : GrainInvocation
{
    public override Task InvokeAsync(object grain) => body((Grain)grain);
}
