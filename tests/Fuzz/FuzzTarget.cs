namespace PhaseMesh.Fuzz.Tests;

/// <summary>A parser of outside bytes, with an oracle.</summary>
/// <param name="Name">Also the name of its folder under corpus/.</param>
/// <param name="Seeds">Valid inputs, and inputs of past findings; what is stored in the corpus is made of these.</param>
/// <param name="AcceptAsync">
/// Parses the input. False when it is refused in the documented way; true when it is accepted and the oracle agrees. Anything else throws.
/// </param>
/// <param name="Rounds">Mutated inputs of a plain run.</param>
/// <param name="Tokens">Pieces that mean something to the parser, for the mutator to insert.</param>
/// <param name="MaxAllocatedBytes">What one input may allocate, whatever it says about its size.</param>
internal sealed record FuzzTarget(
    string Name,
    Func<IEnumerable<byte[]>> Seeds,
    Func<byte[], ValueTask<bool>> AcceptAsync,
    int Rounds = 10_000,
    string[]? Tokens = null,
    long MaxAllocatedBytes = 4 << 20)
{
    public static FuzzTarget Of(
        string name, Func<IEnumerable<byte[]>> seeds, Func<byte[], bool> accept, int rounds = 10_000, string[]? tokens = null) =>
        new(name, seeds, input => ValueTask.FromResult(accept(input)), rounds, tokens);

    public override string ToString() => Name;
}
