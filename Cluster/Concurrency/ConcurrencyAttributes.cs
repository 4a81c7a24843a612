namespace PhaseMesh.Cluster.Concurrency;

/// <summary>
/// The method changes nothing. Such calls run at the same time as any other, on the last state written, from the cache while it is known
/// to be fresh.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;

/// <summary>The method doesn't take turns. Its write is a compare-and-swap like any other.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;

/// <summary>The caller gets a completed task at once; what becomes of the call is only logged.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;

/// <summary>No method of the grain class takes turns.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;
