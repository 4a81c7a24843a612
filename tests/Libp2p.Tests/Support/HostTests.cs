namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Tests on hosts of one network in memory.</summary>
public abstract class HostTests : LimitedTests
{
    private protected TestHosts Hosts { get; } = new();

    public override async Task DisposeAsync()
    {
        await Hosts.DisposeAsync();
        await base.DisposeAsync();
    }
}
