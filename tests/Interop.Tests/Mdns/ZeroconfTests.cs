namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>Against python-zeroconf. Needs the Debian packages python3-zeroconf and iproute2.</summary>
public sealed class ZeroconfTests
{
    private const string Python = "/usr/bin/python3";

    private const string Publish = """
        import socket, sys
        from zeroconf import ServiceInfo, Zeroconf
        zc = Zeroconf(interfaces=['10.77.1.1'])
        info = ServiceInfo('_phase-image._tcp.local.', 'from python._phase-image._tcp.local.', addresses=[socket.inet_aton('10.77.1.1')],
                           port=7070, server='python.local.', properties=dict(p.split('=', 1) for p in sys.argv[1:]))
        zc.register_service(info)
        print('registered', flush=True)
        sys.stdin.readline()
        zc.unregister_service(info)
        zc.close()
        """;

    private const string Browse = """
        import sys
        from zeroconf import ServiceBrowser, Zeroconf
        zc = Zeroconf(interfaces=['10.77.1.1'])
        class Listener:
            def add_service(self, zc, type_, name):
                info = zc.get_service_info(type_, name, 10000)
                pairs = sorted(k.decode() + '=' + (v or b'').decode() for k, v in info.properties.items())
                print('added', name, info.server, info.port, ','.join(info.parsed_addresses()), ' '.join(pairs), sep='\t', flush=True)
            def remove_service(self, zc, type_, name):
                print('removed', name, sep='\t', flush=True)
            def update_service(self, zc, type_, name):
                pass
        browser = ServiceBrowser(zc, '_phase-image._tcp.local.', Listener())
        sys.stdin.readline()
        zc.close()
        """;

    [Fact]
    public async Task OurBrowser_PythonService_IsFoundAndItsGoodbyeHeard()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess python = lan.Start(1, null, Python, ["-c", Publish, .. ProbeExtensions.Pairs]);
        await python.WaitForAsync(line => line == "registered", "registration");
        ToolProcess ours = await lan.StartProbeAsync(2, "ours");
        ours.Browse();
        string[] found = await ours.ChangeAsync("added", "from python");
        Assert.Equal(["python.local", "7070", "10.77.1.1"], found[2..5]);
        Assert.Equal(ProbeExtensions.Pairs.Order(), found[7..].Order());
        python.WriteLine("end");
        await ours.ChangeAsync("removed", "from python");
    }

    [Fact]
    public async Task PythonBrowser_OurService_IsFoundAndTheGoodbyeHeard()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess ours = await lan.StartProbeAsync(2, "ours");
        await ours.AdvertiseAsync("stable x86_64");
        ToolProcess python = lan.Start(1, null, Python, "-c", Browse);
        string found = await python.WaitForAsync(line => line.StartsWith("added\t", StringComparison.Ordinal), "our service");
        string[] fields = found.Split('\t');
        Assert.Equal(["stable x86_64._phase-image._tcp.local.", "ours.local.", "8080"], fields[1..4]);
        Assert.Contains("10.77.1.2", fields[4].Split(','));
        Assert.Equal(string.Join(' ', ProbeExtensions.Pairs.Order(StringComparer.Ordinal)), fields[5]);
        ours.WriteLine("withdraw");
        await python.WaitForAsync(line => line.StartsWith("removed\t", StringComparison.Ordinal), "goodbye");
    }
}
