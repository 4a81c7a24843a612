namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>A machine on the LAN that attacks with real packets. Needs the Debian packages python3 and iproute2.</summary>
public sealed class HostileLanTests
{
    // Noise of up to 9,000 bytes, broken compression, a source beyond the subnet, answers from a wrong port and invented instances, as fast
    // as Python sends.
    private const string Attack = """
        import os, random, socket, struct, sys
        random.seed(6762)
        GROUP = ('224.0.0.251', 5353)
        def sender(address, port):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            s.bind((address, port))
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            return s
        def name(text):
            return b''.join(bytes([len(p)]) + p for p in text.encode().split(b'.')) + b'\0'
        TYPE = name('_phase-image._tcp.local')
        def instance(i, flush=0x8001):
            label = ('fake %d' % i).encode()
            owner = bytes([len(label)]) + label + TYPE
            host = name('fake%d.local' % i)
            def record(n, t, c, data):
                return n + struct.pack('!HHIH', t, c, 4500, len(data)) + data
            return struct.pack('!HHHHHH', 0, 0x8400, 0, 4, 0, 0) + record(TYPE, 12, 1, owner) + \
                record(owner, 33, flush, struct.pack('!HHH', 0, 0, 80) + host) + record(owner, 16, flush, b'\3a=b' * 60) + \
                record(host, 1, flush, socket.inet_aton('10.77.1.3'))
        inside, outside, odd = sender('10.77.1.3', 5353), sender('192.0.2.3', 5353), sender('10.77.1.3', 40000)
        print('attacking', flush=True)
        loop = struct.pack('!HHHHHH', 0, 0x8400, 0, 1, 0, 0) + b'\xc0\x0c' + b'\0' * 10
        for i in range(30000):
            kind = i % 6
            if kind == 0: inside.sendto(os.urandom(random.randrange(1, 1400)), GROUP)
            elif kind == 1: inside.sendto(loop, GROUP)
            elif kind == 2 and i % 300 == 2: inside.sendto(instance(i) + os.urandom(8800), GROUP)
            elif kind == 3: outside.sendto(instance(i), GROUP)
            elif kind == 4: odd.sendto(instance(i), GROUP)
            else: inside.sendto(instance(i), GROUP)
        print('done', flush=True)
        """;

    [Fact]
    public async Task Attack_WhileBrowsing_GoodServiceIsFoundAndMemoryStaysBounded()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(3);
        await lan.IpOnAsync(3, "addr", "add", "192.0.2.3/32", "dev", "eth0");
        ToolProcess client = await lan.StartProbeAsync(2, "client");
        client.Browse();
        await client.CountersAsync();
        long before = client.ResidentKilobytes();

        ToolProcess attacker = lan.Start(3, null, "/usr/bin/python3", "-c", Attack);
        await attacker.WaitForAsync(line => line == "attacking", "attacker");
        ToolProcess server = await lan.StartProbeAsync(1, "good");
        Assert.Equal("good", await server.AdvertiseAsync("good"));
        await client.ChangeAsync("added", "good");
        await attacker.WaitForAsync(line => line == "done", "end of the attack");

        Dictionary<string, long> counters = await client.CountersAsync();
        Assert.All(["Malformed", "OffLink", "SourceFlood"], reason => Assert.True(counters[reason] > 0, $"{reason}: {string.Join(' ', counters)}"));
        Assert.True(counters["records"] <= 256 * 8, $"{counters["records"]} records");
        long grown = client.ResidentKilobytes() - before;
        Assert.True(grown < 64 * 1024, $"The browser grew by {grown} kB.");
    }
}
