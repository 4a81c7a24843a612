using System.Collections.Concurrent;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.BootAgent.Tests.Discover;

/// <summary>A machine that knows nothing but a bootstrap node of a DHT on loopback.</summary>
public sealed class DhtDiscoveryTests : IAsyncLifetime
{
    private readonly TestRelease _release = TestRelease.Create();
    private TestDht _dht = null!;

    private static string Nobody => $"http://127.0.0.1:{LoopbackPort.Free()}";

    public async Task InitializeAsync() => _dht = await TestDht.StartAsync();

    public async Task DisposeAsync()
    {
        await _dht.DisposeAsync();
        _release.Dispose();
    }

    [Fact]
    public async Task RunAsync_SignedPointerOnly_BootsFromItsUrlAndPassesTheWayOn()
    {
        await using FaultyProvider provider = new(_release);
        await (await _dht.AddAsync()).PutPointerAsync(new BootRelease(), provider.Url);
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: {provider.Url} (DHT: signed pointer)\n", agent.Text, StringComparison.Ordinal);
        Assert.EndsWith($" phase.mode=internet phase.provider={provider.Url} phase.bootstrap={_dht.Hub.Address}",
            (await File.ReadAllTextAsync(Path.Combine(agent.Output, "cmdline"))).TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_ProviderRecordOnly_BootsFromItsHttpAddress()
    {
        await using FaultyProvider provider = new(_release);
        await (await _dht.AddAsync(provider.Url)).ProvideAsync();
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: {provider.Url} (DHT: provider record)\n", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NodeWithoutHttp_IsFetchedFromOverLibp2p()
    {
        TestDhtNode node = await _dht.AddAsync();
        node.Serve(_release);
        await node.ProvideAsync();
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: {node.FetchName} (DHT: provider record)\n", agent.Text, StringComparison.Ordinal);
        string commandLine = await File.ReadAllTextAsync(Path.Combine(agent.Output, "cmdline"));
        Assert.DoesNotContain("phase.provider=", commandLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_HttpOfANodeCannotBeReached_GoesOnOverLibp2p()
    {
        string blocked = Nobody;
        TestDhtNode node = await _dht.AddAsync(blocked);
        node.Serve(_release);
        await node.ProvideAsync();
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.Contains($"{blocked} is not used: refused the connection", agent.Text, StringComparison.Ordinal);
        Assert.True(agent.Text.IndexOf($"Provider: {blocked}", StringComparison.Ordinal)
            < agent.Text.IndexOf($"Provider: {node.FetchName}", StringComparison.Ordinal), agent.Text);
    }

    [Fact]
    public async Task RunAsync_BothWaysOfANodeWork_IsOneSourceOverHttp()
    {
        await using FaultyProvider provider = new(_release);
        TestDhtNode node = await _dht.AddAsync(provider.Url);
        node.Serve(_release);
        await node.PutPointerAsync(new BootRelease(), provider.Url);
        await node.ProvideAsync();
        using AgentHarness agent = Agent();
        agent.DiscoveryLimits = agent.DiscoveryLimits with { NextAddressAfter = AgentHarness.Hang };

        await agent.ExpectSuccessAsync();

        Assert.DoesNotContain("over libp2p", agent.Text, StringComparison.Ordinal);
        Assert.Equal(1, provider.Requests.Count(request => request.Path.EndsWith("/manifest.json", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task RunAsync_DamagedOverLibp2p_TheHttpProviderReplacesIt()
    {
        TestDhtNode bad = await _dht.AddAsync();
        bad.Serve(_release, ProviderFault.FlipsByte);
        await bad.ProvideAsync();
        await using FaultyProvider good = new(_release);
        await (await _dht.AddAsync(good.Url)).ProvideAsync();
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.True(good.ArtifactBytes > 0, agent.Text);
    }

    [Fact]
    public async Task RunAsync_BreaksOffOverLibp2p_ResumesWhereItWas()
    {
        TestDhtNode node = await _dht.AddAsync();
        node.Serve(_release, ProviderFault.Resets);
        await node.ProvideAsync();
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {node.FetchName} broke off (RemoteReset); trying again", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_TwoNodesOverLibp2p_AreBothSources()
    {
        TestDhtNode[] nodes = [await _dht.AddAsync(), await _dht.AddAsync()];
        foreach (TestDhtNode node in nodes)
        {
            node.Serve(_release);
            await node.ProvideAsync();
        }

        using AgentHarness agent = Agent();
        agent.DiscoveryLimits = agent.DiscoveryLimits with { Settle = TimeSpan.FromSeconds(2) };

        await agent.ExpectSuccessAsync();

        Assert.All(nodes, node => Assert.Contains($"{node.FetchName}: rootfs chunks", agent.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_PoisonedPointer_DoesNotHideTheProviderRecords()
    {
        string dead = Nobody;
        await (await _dht.AddAsync()).PutPointerAsync(new BootRelease(999_999), dead);
        await using FaultyProvider good = new(_release);
        await (await _dht.AddAsync(good.Url)).ProvideAsync();
        using AgentHarness agent = Agent();

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: {good.Url} (DHT: provider record)\n", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_ProviderRecordsOfLiars_NothingOfTheirsIsUsed()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2, Release = 999 });
        await using FaultyProvider forger = new(stranger);
        await using FaultyProvider babbler = new(_release, ProviderFault.Gibberish) { FaultIsInManifest = true };
        await using FaultyProvider good = new(_release);
        foreach (string url in (string[])[forger.Url, babbler.Url, Nobody, good.Url])
        {
            await (await _dht.AddAsync(url)).ProvideAsync();
        }

        using AgentHarness agent = Agent();
        agent.DiscoveryLimits = agent.DiscoveryLimits with { Settle = TimeSpan.FromSeconds(2) };

        await agent.ExpectSuccessAsync();

        Assert.Equal(0, forger.ArtifactBytes);
        Assert.True(good.ArtifactBytes > 0, agent.Text);
        Assert.Contains($"{forger.Url} is not used: ", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_AnArm64MachineInANetworkOfX64Nodes_GetsArm64()
    {
        using TestRelease arm = TestRelease.Create(new TestReleaseOptions { Arch = MachineArch.Arm64, ContentSeed = 900 });
        await using FaultyProvider x64 = new(_release);
        await using FaultyProvider arm64 = new(arm);
        TestDhtNode node = await _dht.AddAsync(x64.Url);
        await node.PutPointerAsync(new BootRelease(), x64.Url);
        await node.ProvideAsync();
        await (await _dht.AddAsync()).PutPointerAsync(new BootRelease { Arch = MachineArch.Arm64 }, arm64.Url);
        using AgentHarness agent = new(arm);
        agent.Options = agent.Options with { Arch = MachineArch.Arm64, Bootstrap = _dht.Bootstrap };

        await agent.ExpectSuccessAsync();

        Assert.Empty(x64.Requests);
    }

    [Fact]
    public async Task RunAsync_ClockAt1970_TakesThePointer()
    {
        await using FaultyProvider provider = new(_release);
        await (await _dht.AddAsync()).PutPointerAsync(new BootRelease(), provider.Url);
        using AgentHarness agent = Agent();
        agent.Time = new EpochTime();
        agent.Options = agent.Options with { NotBefore = new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero) };

        await agent.ExpectSuccessAsync();

        Assert.Contains("(DHT: signed pointer)", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NeighbourOnTheLan_NobodyOfTheDhtIsAsked()
    {
        await using TestLan lan = new();
        await using FaultyProvider near = new(_release);
        await using FaultyProvider far = new(_release);
        await lan.AdvertiseAsync("near", "10.0.0.2", near.Port);
        await (await _dht.AddAsync(far.Url)).ProvideAsync();
        using AgentHarness agent = Agent();
        agent.Lan = lan;
        agent.DiscoveryLimits = agent.DiscoveryLimits with { HeadStart = AgentHarness.Hang };

        await agent.ExpectSuccessAsync();

        Assert.Contains("(mDNS: near)", agent.Text, StringComparison.Ordinal);
        Assert.Empty(far.Requests);
    }

    [Fact]
    public async Task RunAsync_NobodyOnTheLan_TheDhtIsUsedAfterItsHeadStart()
    {
        await using TestLan lan = new();
        await using FaultyProvider far = new(_release);
        await (await _dht.AddAsync(far.Url)).ProvideAsync();
        using AgentHarness agent = Agent();
        agent.Lan = lan;

        await agent.ExpectSuccessAsync();

        Assert.Contains("No provider given; looking for one by mDNS and the DHT", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_ModeLocal_DialsNobodyInTheDht()
    {
        await using TestLan lan = new();
        await using FaultyProvider near = new(_release);
        await lan.AdvertiseAsync("near", "10.0.0.2", near.Port);
        RecordingTransport transport = new();
        using AgentHarness agent = Agent();
        (agent.Lan, agent.DhtTransport) = (lan, transport);
        agent.Options = agent.Options with { Mode = PhaseMode.Local };

        await agent.ExpectSuccessAsync();

        Assert.Empty(transport.Dials);
        Assert.Empty(_dht.Hub.Host.Connections);
    }

    [Fact]
    public async Task RunAsync_ModePrivate_ListensNowhereAnnouncesNothingAndIsNeverTheSame()
    {
        await using FaultyProvider provider = new(_release);
        TestDhtNode node = await _dht.AddAsync(provider.Url);
        await node.ProvideAsync();
        ConcurrentDictionary<PeerId, bool> visitors = [];
        _dht.Hub.Host.PeerIdentified += (connection, info) => visitors[connection.RemotePeer] = info.ListenAddresses.Length > 0;
        int known = _dht.Hub.Dht.StoredProviders;
        for (int boot = 1; boot <= 2; boot++)
        {
            RecordingTransport transport = new();
            using AgentHarness agent = Agent();
            agent.DhtTransport = transport;
            agent.Options = agent.Options with { Mode = PhaseMode.Private };

            await agent.ExpectSuccessAsync();

            Assert.NotEmpty(transport.Dials);
            Assert.Empty(transport.Listens);
        }

        Assert.Equal(known, _dht.Hub.Dht.StoredProviders);
        Assert.Equal([node.Host.LocalPeer], _dht.Hub.Dht.RoutingTable);
        Assert.DoesNotContain(true, visitors.Values);
        Assert.InRange(visitors.Count, 1, 2);
    }

    [Fact]
    public async Task RunAsync_AllDeadOrWrong_ListsEachWithItsReason()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider forger = new(stranger);
        string dead = Nobody;
        await (await _dht.AddAsync(forger.Url)).ProvideAsync();
        await (await _dht.AddAsync()).PutPointerAsync(new BootRelease(), dead);
        TestDhtNode silent = await _dht.AddAsync();
        await silent.ProvideAsync();
        using AgentHarness agent = Agent();
        agent.Limits = agent.Limits with { ManifestTimeLimit = TimeSpan.FromSeconds(3) };
        agent.DiscoveryLimits = agent.DiscoveryLimits with { SearchLimit = TimeSpan.FromSeconds(6) };

        await agent.ExpectFailureAsync(AgentExitCode.ManifestRefused);

        string failure = agent.Text[agent.Text.IndexOf("phase: FAILED: ", StringComparison.Ordinal)..];
        Assert.Contains($"manifest from {forger.Url}: ", failure, StringComparison.Ordinal);
        Assert.Contains($"{dead}: refused the connection", failure, StringComparison.Ordinal);
        Assert.Contains($"{silent.FetchName}: does not speak /deboot/fetch/1.0.0", failure, StringComparison.Ordinal);
        Assert.Contains("Besides, the DHT knew no further provider of /phase/stable/x86_64/manifest within ", failure,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NoBootstrapNodeAnswers_NamesThem()
    {
        Multiaddr gone = _dht.Hub.Address;
        await _dht.Hub.Host.DisposeAsync();
        using AgentHarness agent = new(_release);
        agent.Options = agent.Options with { Bootstrap = [gone] };
        agent.DiscoveryLimits = agent.DiscoveryLimits with { SearchLimit = TimeSpan.FromSeconds(3) };

        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.Contains($"no bootstrap node of the DHT answered within 3 s ({gone}: ", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Candidates_ThreeHopsAway_TakeFewSequentialRoundTrips()
    {
        const int RoundTripMilliseconds = 100;
        const int HttpRoundTrips = 2;
        await using TestDht dht = new() { Wires = [] };
        TestDhtNode near = await dht.AddAloneAsync();
        TestDhtNode middle = await dht.AddAloneAsync();
        TestDhtNode far = await dht.AddAloneAsync(Nobody);
        // Before it knows anybody, so that only the third node on the way can tell.
        await far.ProvideAsync();
        await middle.Host.ConnectAsync(far.Address);
        await middle.KnowsAsync(far);
        await near.Host.ConnectAsync(middle.Address);
        await near.KnowsAsync(middle);
        using AgentHarness agent = Agent();
        agent.Options = agent.Options with { Bootstrap = dht.Bootstrap };
        BootConsole console = new(TextWriter.Null, TimeProvider.System, false, false);
        int fewest = 100;
        // A count is an upper bound: what happens to be read in between counts as if it had been waited for. The lowest comes nearest.
        for (int attempt = 0; attempt < 20 && fewest * RoundTripMilliseconds >= 2000; attempt++)
        {
            RecordingTransport transport = new(dht.Wires);
            await using DhtDiscovery discovery = await DhtDiscovery.StartAsync(agent.Options, console, transport);
            for (Task changed = discovery.Changed; discovery.Candidates.Count == 0; changed = discovery.Changed)
            {
                await changed.WaitAsync(AgentHarness.Hang);
            }

            Assert.Equal(3, transport.Dials.Count);
            fewest = Math.Min(fewest, ((transport.HalfRoundTrips + 1) / 2) + HttpRoundTrips);
        }

        Assert.InRange(fewest * RoundTripMilliseconds, 0, 1999);
    }

    private AgentHarness Agent()
    {
        AgentHarness agent = new(_release);
        agent.Options = agent.Options with { Bootstrap = _dht.Bootstrap };
        return agent;
    }

    /// <summary>A machine without a battery for its clock.</summary>
    private sealed class EpochTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddMinutes(1);
    }
}
