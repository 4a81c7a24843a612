using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Health;

/// <summary>Whether the provider wants new clients.</summary>
internal sealed class ProviderLifecycle : IDisposable
{
    private readonly CancellationTokenSource _draining = new();

    /// <summary>On its way down: finishes what it began, and tells clients and load balancers to go elsewhere.</summary>
    public bool IsDraining => _draining.IsCancellationRequested;

    /// <summary>Ends what would otherwise go on for ever, such as callers that wait for news.</summary>
    public CancellationToken Draining => _draining.Token;

    public void BeginDraining() => _draining.Cancel();

    public void Dispose() => _draining.Dispose();

    public string StateName(CatalogSnapshot catalog) => IsDraining ? "draining" : catalog.IsScanned ? "serving" : "starting";

    /// <summary>Why new clients should go elsewhere; none when ready. Ready is: at least one release is served, and not draining.</summary>
    public IReadOnlyList<string> ReasonsNotReady(IReadOnlyList<SlotSnapshot> slots)
    {
        if (IsDraining)
        {
            return ["The provider is shutting down."];
        }

        if (slots.Any(slot => slot.Serving is { WithdrawnBecause: null }))
        {
            return [];
        }

        return [.. slots.Select(slot => $"{slot.Slot}: {slot.Serving?.WithdrawnBecause ?? slot.Candidate?.Problem ?? "The files were not looked at yet."}")];
    }
}
