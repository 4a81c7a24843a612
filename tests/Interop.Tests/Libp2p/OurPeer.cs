using System.Diagnostics;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>A process with one of our DHT nodes: tests/Libp2p.Node.</summary>
public sealed class OurPeer : PeerProcess
{
    // From its own output, built beside ours: in ours the packages that the web framework brings along are left out.
    private static readonly string Assembly = Path.Combine(
        AppContext.BaseDirectory.Replace("Interop.Tests", "Libp2p.Node", StringComparison.Ordinal), "PhaseMesh.Libp2p.Node.dll");

    protected override Task<ProcessStartInfo> PrepareAsync() => Task.FromResult(new ProcessStartInfo("dotnet", [Assembly]));
}
