using System.Net;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Tests.Network;

public sealed class LinkTests
{
    private static readonly NetworkLink Link = new(3, "lan", [
        new LinkAddress(IPAddress.Parse("10.0.4.1"), 22), new LinkAddress(IPAddress.Parse("fd00::1"), 64)]);

    [Theory]
    [InlineData("10.0.7.255", true)]
    [InlineData("10.0.8.0", false)]
    [InlineData("169.254.9.9", true)]
    [InlineData("fe80::1%7", true)]
    [InlineData("fd00::ffff", true)]
    [InlineData("fd00:0:0:1::1", false)]
    [InlineData("8.8.8.8", false)]
    public void IsOnLink_Source_IsJudgedByPrefixOrLinkLocal(string source, bool expected) => Assert.Equal(expected, Link.IsOnLink(IPAddress.Parse(source)));

    [Fact]
    public void UnreadyIPv6Addresses_KernelList_LeavesOutThoseStillChecked()
    {
        string[] lines =
        [
            "fe800000000000000000000000000001 02 40 20 80       eth0",
            "fe800000000000000000000000000002 02 40 20 c0       eth0",
            "fd000000000000000000000000000003 02 40 00 08       eth0",
            "not a line",
        ];
        Assert.Equal(["fd00::3", "fe80::2"], InterfaceScanner.UnreadyIPv6Addresses(lines).Select(address => address.ToString()).Order());
    }

    [Fact]
    public void CountListeners_KernelList_CountsLocalPort5353Only()
    {
        string[] lines =
        [
            "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
            "  123: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 0",
            "  124: 0100007F:0035 0100007F:14E9 01 00000000:00000000 00:00000000 00000000     0        0 2 2 0000000000000000 0",
            "  125: 0100007F:14E9 0100007F:14E9 01 00000000:00000000 00:00000000 00000000     0        0 3 2 0000000000000000 0",
        ];
        Assert.Equal(2, PortSharing.CountListeners(lines));
    }
}
