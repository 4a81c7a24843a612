namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>Our nodes with real sockets, on LANs of network namespaces.</summary>
public sealed class RealSocketTests
{
    [Fact]
    public async Task TwoMachines_OneAdvertises_TheOtherFindsItOnBothFamiliesAndHearsTheGoodbye()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess server = await lan.StartProbeAsync(1, "server");
        Assert.Equal("stable x86_64", await server.AdvertiseAsync("stable x86_64"));
        ToolProcess client = await lan.StartProbeAsync(2, "client");
        client.Browse();

        string[] found = await client.ChangeAsync("added", "stable x86_64");
        Assert.Equal(["server.local", "8080"], found[2..4]);
        Assert.Contains("10.77.1.1", found[4].Split(','));
        Assert.Contains("fd77:1::1", found[4].Split(','));
        Assert.Equal("eth0", found[5]);
        Assert.Equal(ProbeExtensions.Pairs.Order(), found[7..].Order());

        // Its link-local address joins once the kernel has checked it for duplicates.
        await client.WaitForAsync(line => line.Contains("fe80::", StringComparison.Ordinal), "link-local address");
        server.WriteLine(["text", "channel=stable", "release=43"]);
        await client.ChangeAsync("updated", "stable x86_64", line => line.Contains("release=43", StringComparison.Ordinal));
        server.WriteLine("withdraw");
        await client.ChangeAsync("removed", "stable x86_64");
    }

    [Fact]
    public async Task OneMachine_TwoProgramsOnPort5353_BothAnswerAndFindEachOther()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess one = await lan.StartProbeAsync(1, "one");
        ToolProcess two = await lan.StartProbeAsync(1, "two");
        await one.AdvertiseAsync("from one", 8001);
        await two.AdvertiseAsync("from two", 8002);
        ToolProcess client = await lan.StartProbeAsync(2, "client");
        client.Browse();
        one.Browse();
        two.Browse();
        await client.ChangeAsync("added", "from one");
        await client.ChangeAsync("added", "from two");
        await one.ChangeAsync("added", "from two");
        await two.ChangeAsync("added", "from one");
    }

    [Fact]
    public async Task TwoMachines_SameName_SecondIsRenamed()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess first = await lan.StartProbeAsync(1, "same");
        ToolProcess second = await lan.StartProbeAsync(2, "same");
        Assert.Equal("stable", await first.AdvertiseAsync("stable", 1));
        Assert.Equal("stable (2)", await second.AdvertiseAsync("stable", 2));
        await second.WaitForAsync(line => line.Contains("same-2.local", StringComparison.Ordinal), "renamed host");
    }

    [Fact]
    public async Task MachineOnTwoLans_EachLan_HearsThatLansAddressesOnly()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(3);
        await lan.AddBridgeAsync(2);
        await lan.ConnectAsync(2, bridge: 2);
        await lan.ConnectAsync(3, bridge: 2);
        await lan.IpOnAsync(3, "link", "set", "eth0", "down");
        ToolProcess server = await lan.StartProbeAsync(2, "both");
        await server.AdvertiseAsync("two lans");
        ToolProcess left = await lan.StartProbeAsync(1, "left");
        ToolProcess right = await lan.StartProbeAsync(3, "right");
        left.Browse();
        right.Browse();
        string leftAddresses = (await left.ChangeAsync("added", "two lans"))[4];
        string rightAddresses = (await right.ChangeAsync("added", "two lans"))[4];
        Assert.Contains("10.77.1.2", leftAddresses);
        Assert.DoesNotContain("10.77.2.", leftAddresses);
        Assert.Contains("10.77.2.2", rightAddresses);
        Assert.DoesNotContain("10.77.1.", rightAddresses);
    }

    [Fact]
    public async Task Interface_ComesAndGoes_IsUsedWhileItIsThere()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        await lan.IpOnAsync(1, "link", "set", "eth0", "down");
        ToolProcess server = await lan.StartProbeAsync(1, "late");
        server.WriteLine(["advertise", ProbeExtensions.Type, "late one", "8080", "channel=stable"]);
        ToolProcess client = await lan.StartProbeAsync(2, "client");
        client.Browse();
        await lan.IpOnAsync(1, "link", "set", "eth0", "up");
        await client.ChangeAsync("added", "late one");

        await lan.IpOnAsync(2, "link", "del", "eth0");
        await client.ChangeAsync("removed", "late one");
        string face = await lan.ConnectAsync(2);
        await client.WaitForAsync(line => line.StartsWith("added\tlate one", StringComparison.Ordinal) && line.Contains(face, StringComparison.Ordinal), "service on the new interface");
    }

    [Fact]
    public async Task LinkWithoutIPv4_Service_IsFoundOverIPv6()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        await lan.IpOnAsync(1, "addr", "flush", "dev", "eth0", "scope", "global");
        await lan.IpOnAsync(2, "addr", "flush", "dev", "eth0", "scope", "global");
        ToolProcess server = await lan.StartProbeAsync(1, "six");
        await server.AdvertiseAsync("only six");
        ToolProcess client = await lan.StartProbeAsync(2, "client");
        client.Browse();
        string address = Assert.Single((await client.ChangeAsync("added", "only six"))[4].Split(','));
        Assert.StartsWith("fe80::", address);
        Assert.Contains('%', address);
    }
}
