namespace PhaseMesh.Grains.Fleet;

/// <summary>Some of a list.</summary>
/// <param name="Items">This page's.</param>
/// <param name="Next">Where the next page begins, to be passed as <c>after</c> with the same filter; null where this was the last.</param>
public sealed record FleetPage<T>(ImmutableArray<T> Items, string? Next);
