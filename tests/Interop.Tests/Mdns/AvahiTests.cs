namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>Against avahi-daemon. Needs the Debian packages avahi-daemon, avahi-utils, dbus and iproute2.</summary>
public sealed class AvahiTests
{
    [Fact]
    public async Task AvahiBrowse_OurService_ShowsEveryTxtKeyAndTheGoodbye()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        AvahiMachine avahi = await AvahiMachine.StartAsync(lan, 2);
        ToolProcess ours = await lan.StartProbeAsync(1, "ours");
        await ours.AdvertiseAsync("stable x86_64");

        IReadOnlyList<string> once = await avahi.BrowseOnceAsync(ProbeExtensions.Type);
        string resolved = Assert.Single(once, line => line.StartsWith("=;eth0;IPv4;", StringComparison.Ordinal));
        Assert.Contains(";ours.local;10.77.1.1;8080;", resolved);
        Assert.All(ProbeExtensions.Pairs, pair => Assert.Contains($"\"{pair}\"", resolved));
        Assert.Contains(once, line => line.StartsWith("=;eth0;IPv6;", StringComparison.Ordinal));

        ToolProcess watching = avahi.Browse(ProbeExtensions.Type);
        await watching.WaitForAsync(line => line.StartsWith("=;eth0;IPv4;", StringComparison.Ordinal), "resolved service");
        ours.WriteLine("withdraw");
        await watching.WaitForAsync(line => line.StartsWith("-;eth0;IPv4;", StringComparison.Ordinal), "goodbye");
    }

    [Fact]
    public async Task OurBrowser_AvahiService_IsFoundAndItsGoodbyeHeard()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        AvahiMachine avahi = await AvahiMachine.StartAsync(lan, 1);
        ToolProcess publisher = await avahi.PublishAsync("from avahi", ProbeExtensions.Type, 9090, ProbeExtensions.Pairs);
        ToolProcess ours = await lan.StartProbeAsync(2, "ours");
        ours.Browse();
        string[] found = await ours.SeenAsync("from avahi", "10.77.1.1");
        Assert.Equal(["avahi1.local", "9090"], found[2..4]);
        Assert.Equal(ProbeExtensions.Pairs.Order(), found[7..].Order());
        await publisher.TerminateAsync();
        await ours.ChangeAsync("removed", "from avahi");
    }

    [Fact]
    public async Task SameMachine_AvahiAndUs_BothServeAndBothFind()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        AvahiMachine beside = await AvahiMachine.StartAsync(lan, 1);
        ToolProcess ours = await lan.StartProbeAsync(1, "ours");
        await ours.AdvertiseAsync("ours beside avahi", 8080);
        await beside.PublishAsync("avahi beside ours", ProbeExtensions.Type, 9090, "channel=testing");
        AvahiMachine far = await AvahiMachine.StartAsync(lan, 2);
        await far.PublishAsync("far away", ProbeExtensions.Type, 7070, "channel=far");

        ours.Browse();
        await ours.ChangeAsync("added", "avahi beside ours");
        await ours.ChangeAsync("added", "far away");
        ToolProcess besideBrowser = beside.Browse(ProbeExtensions.Type);
        await besideBrowser.WaitForAsync(line => line.StartsWith('=') && line.Contains(";ours.local;", StringComparison.Ordinal), "our service on the same machine");
        ToolProcess farBrowser = far.Browse(ProbeExtensions.Type);
        await farBrowser.WaitForAsync(line => IsResolved(line, "ours.local", 8080), "our service");
        await farBrowser.WaitForAsync(line => IsResolved(line, "avahi1.local", 9090), "avahi's service");
    }

    /// <summary>avahi shows one address of a host: that of the family it heard of first.</summary>
    private static bool IsResolved(string line, string host, int port) =>
        line.StartsWith('=')
        && (line.Contains($";{host};10.77.1.1;{port};", StringComparison.Ordinal) || line.Contains($";{host};fd77:1::1;{port};", StringComparison.Ordinal));

    [Fact]
    public async Task NameConflict_AvahiHasTheName_WeRenameAndBothAreSeen()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(3);
        AvahiMachine owner = await AvahiMachine.StartAsync(lan, 1);
        await owner.PublishAsync("stable", ProbeExtensions.Type, 9090, "channel=stable");
        ToolProcess ours = await lan.StartProbeAsync(2, "ours");
        Assert.Equal("stable (2)", await ours.AdvertiseAsync("stable"));

        ToolProcess client = await lan.StartProbeAsync(3, "client");
        client.Browse();
        Assert.Equal("avahi1.local", (await client.ChangeAsync("added", "stable"))[2]);
        Assert.Equal("ours.local", (await client.ChangeAsync("added", "stable (2)"))[2]);
    }

    [Fact]
    public async Task NameConflict_WeHaveTheName_AvahiRenames()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess ours = await lan.StartProbeAsync(1, "ours");
        await ours.AdvertiseAsync("stable");
        AvahiMachine late = await AvahiMachine.StartAsync(lan, 2);
        ToolProcess publisher = await late.PublishAsync("stable", ProbeExtensions.Type, 9090, "channel=stable");
        await publisher.WaitForAsync(line => line.Contains("Established", StringComparison.Ordinal) && line.Contains("#2", StringComparison.Ordinal), "renamed avahi service");
    }
}
