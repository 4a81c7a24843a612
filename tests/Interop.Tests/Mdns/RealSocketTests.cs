namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>Our nodes with real sockets, on LANs of network namespaces. Needs the Debian packages python3 and iproute2.</summary>
public sealed class RealSocketTests
{
    // A resolver that knows nothing of multicast DNS asks from a port of its own and prints what comes back; then the hop limit of a multicast.
    private const string LegacyResolver = """
        import socket, struct
        question = b'\x0c_phase-image\x04_tcp\x05local\0' + struct.pack('!HH', 12, 1)
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.77.1.2'))
        s.setsockopt(socket.IPPROTO_IP, 12, 1)
        s.settimeout(20)
        def hops(ancillary):
            return [struct.unpack('i', data)[0] for level, kind, data in ancillary if level == socket.IPPROTO_IP and kind == socket.IP_TTL][0]
        s.sendto(struct.pack('!HHHHHH', 4711, 0, 1, 0, 0, 0) + question, ('224.0.0.251', 5353))
        data, ancillary, flags, source = s.recvmsg(9000, 100)
        print('unicast', *source, *struct.unpack('!HHHH', data[:8]), hops(ancillary), sep='\t', flush=True)
        m = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        m.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        m.bind(('', 5353))
        m.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('224.0.0.251') + socket.inet_aton('10.77.1.2'))
        m.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.77.1.2'))
        m.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        m.setsockopt(socket.IPPROTO_IP, 12, 1)
        m.settimeout(20)
        m.sendto(struct.pack('!HHHHHH', 0, 0, 1, 0, 0, 0) + question, ('224.0.0.251', 5353))
        data, ancillary, flags, source = m.recvmsg(9000, 100)
        print('multicast', *source, *struct.unpack('!HHHH', data[:8]), hops(ancillary), sep='\t', flush=True)
        """;

    [Fact]
    public async Task LegacyResolver_Asks_GetsItsIdAndQuestionBackAndHopLimit255()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess server = await lan.StartProbeAsync(1, "server");
        await server.AdvertiseAsync("stable");
        ToolProcess resolver = lan.Start(2, null, "/usr/bin/python3", "-c", LegacyResolver);
        string unicast = await resolver.WaitForAsync(line => line.StartsWith("unicast", StringComparison.Ordinal), "unicast reply");
        Assert.Equal(["10.77.1.1", "5353", "4711", $"{0x8400}", "1", "1", "255"], unicast.Split('\t')[1..]);
        string multicast = await resolver.WaitForAsync(line => line.StartsWith("multicast", StringComparison.Ordinal), "multicast reply");
        Assert.Equal(["10.77.1.1", "5353", "0", $"{0x8400}", "0"], multicast.Split('\t')[1..6]);
        Assert.Equal("255", multicast.Split('\t')[^1]);
    }

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
