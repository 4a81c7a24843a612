namespace PhaseMesh.Gateway.Routing;

/// <param name="Seconds">Until a range would be here.</param>
/// <param name="QueueSeconds">The load by which a replica is hot or cold: how long a chunk of 1 MiB would take behind all that is in
/// flight.</param>
internal readonly record struct ReplicaExpectation(double Seconds, double QueueSeconds);
