namespace PhaseMesh.BootAgent.Discover;

/// <summary>How near a way of finding providers is; the nearer ones are asked first and rank before the others.</summary>
internal enum ProviderTier
{
    CommandLine,
    Lan,
    Dht,
}
