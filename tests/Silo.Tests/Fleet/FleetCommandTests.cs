using System.Text.Json;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Tests.Catalog;
using PhaseMesh.Silo.Tests.Commands;
using PhaseMesh.Silo.Tests.Fleet.Support;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>plasmd's fleet commands against real silos.</summary>
[Collection("Fleet")]
public sealed class FleetCommandTests(FleetStorages storages)
{
    [Fact]
    public async Task Channel_FromPublishToRollback_ByCommands()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = Scene(fleet);
        string release = scene.PathOf("release.key");
        SignedRelease.OperatorKey.SaveFile(release);
        string manifest = scene.PathOf("manifest.json");
        await File.WriteAllBytesAsync(manifest, FleetReleases.Bytes(FleetReleases.Manifest(1)));

        Assert.Contains("release 1", (await scene.OkAsync("channel", "publish", "stable/x86_64", manifest)).Output,
            StringComparison.Ordinal);
        Assert.Contains("(release-not-newer)", await scene.FailsAsync(
            ExitCode.FleetRefused, "channel", "publish", "stable/x86_64", await WriteAsync(FleetReleases.Manifest(1, artifacts: "v0"))),
                StringComparison.Ordinal);
        await scene.OkAsync("channel", "publish", "testing/x86_64", await WriteAsync(FleetReleases.Manifest(7, "testing", "v2")));
        await scene.OkAsync("channel", "promote", "stable/x86_64", "--from", "testing", "--sign", release, "--percent", "10");
        Assert.Contains("10 %", (await scene.OkAsync("channel", "rollout", "stable/x86_64")).Output, StringComparison.Ordinal);
        Assert.Contains("paused at 50 %", (await scene.OkAsync("channel", "rollout", "stable/x86_64", "--percent", "50", "--pause")).Output,
            StringComparison.Ordinal);
        await scene.OkAsync("channel", "rollback", "stable/x86_64", "--to", "1", "--sign", release);
        string history = (await scene.OkAsync("channel", "history", "stable/x86_64")).Output;
        Assert.Contains("rolled_back (1)", history, StringComparison.Ordinal);
        Assert.Contains("promoted (testing)", history, StringComparison.Ordinal);
        using JsonDocument listed = JsonDocument.Parse((await scene.OkAsync("channel", "list", "--json")).Output);
        Assert.Equal(["stable", "testing"], listed.RootElement.EnumerateArray()
            .Select(channel => channel.GetProperty("channel").GetString()));

        async Task<string> WriteAsync(PhaseMesh.Manifests.BootManifest made)
        {
            string path = scene.PathOf($"{made.Release}-{made.Version}.json");
            await File.WriteAllBytesAsync(path, FleetReleases.Bytes(made));
            return path;
        }
    }

    [Fact]
    public async Task Providers_BootsAndCluster_ByCommands()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite", silos: 2);
        using CommandScene scene = Scene(fleet);
        string url = fleet.Url().ToString().TrimEnd('/');
        Assert.Contains("policy: approve", (await scene.OkAsync("fleet", "policy", "approve")).Output, StringComparison.Ordinal);
        await fleet.As(fleet.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(fleet.Node));
        string peer = Identity.NodePeer.Of(fleet.Node.PublicKey).ToString();
        Assert.Contains("awaits approval", (await scene.OkAsync("provider", "list", "--fleet", url)).Output, StringComparison.Ordinal);
        await scene.OkAsync("provider", "approve", peer);
        await fleet.As(fleet.Node).PutAsync($"/v1/providers/{fleet.Node.PublicKey.KeyId}/heartbeat", new { });
        Assert.Contains("serving", (await scene.OkAsync("provider", "list", "--fleet", url, "--state", "serving")).Output,
            StringComparison.Ordinal);
        Assert.Contains("draining", (await scene.OkAsync("provider", "drain", peer)).Output, StringComparison.Ordinal);
        await scene.OkAsync("provider", "weight", fleet.Node.PublicKey.KeyId, "--weight", "2");
        await scene.OkAsync("provider", "quarantine", peer, "--reason", "tests it");
        Assert.Contains("joining", (await scene.OkAsync("provider", "release", peer)).Output, StringComparison.Ordinal);

        string boot = BootApiTests.NewBootId();
        using var agent = Ed25519PrivateKey.Generate();
        await fleet.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(boot));
        Task<CommandRun> watching = scene.RunAsync("boot", "watch", boot);
        await fleet.As(agent).PostAsync($"/v1/boots/{boot}/log", "\u001b[31mKernel panic\r\nsecond line");
        CommandRun watched;
        do
        {
            // Until the watcher is there to hear of an end, there is another boot to end.
            await fleet.As(agent).PostAsync($"/v1/boots/{boot}/events", new[] { BootApiTests.Event("fetching") });
            await fleet.As(agent).PostAsync($"/v1/boots/{boot}/events", new[] { BootApiTests.Event("failed") });
            Task round = Task.Delay(TimeSpan.FromMilliseconds(200));
            await Task.WhenAny(watching, round);
        }
        while (!watching.IsCompleted);
        watched = await watching;
        Assert.Equal(ExitCode.Failure, watched.ExitCode);
        Assert.Contains("failed: no_provider", watched.Output, StringComparison.Ordinal);

        Assert.Contains("failed: no_provider", (await scene.OkAsync("boot", "list", "--state", "failed")).Output, StringComparison.Ordinal);
        string shown = (await scene.OkAsync("boot", "show", boot)).Output;
        Assert.Contains("nobody answered", shown, StringComparison.Ordinal);
        Assert.Contains("discovered", (await scene.RunAsync("boot", "list", "--state", "nowhere")).Error, StringComparison.Ordinal);
        Assert.Equal("?[31mKernel panic\nsecond line\n", (await scene.OkAsync("boot", "show", boot, "--log")).Output);
        Assert.Contains("(not-found)", await scene.FailsAsync(ExitCode.FleetRefused, "boot", "show", BootApiTests.NewBootId()),
            StringComparison.Ordinal);

        string silos = (await scene.OkAsync("cluster", "status")).Output;
        Assert.Contains("silo0", silos, StringComparison.Ordinal);
        Assert.Contains("silo1", silos, StringComparison.Ordinal);
        string token = (await scene.OkAsync("fleet", "token", "--name", "rack 7", "--uses", "2", "--expires", "1w")).Output.Trim();
        Assert.StartsWith("pj1-", token, StringComparison.Ordinal);
        Assert.Contains("0/2", (await scene.OkAsync("fleet", "tokens")).Output, StringComparison.Ordinal);
        await scene.OkAsync("fleet", "revoke", token.Split('-')[1]);
    }

    [Fact]
    public async Task Boot_ThatBecameAProvider_NamesItAsTheProviderListDoes()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = Scene(fleet);
        string boot = BootApiTests.NewBootId();
        using var agent = Ed25519PrivateKey.Generate();
        FleetAnswer created = await fleet.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(boot));
        await fleet.As(fleet.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(fleet.Node, created["ticket"]));

        string peer = Identity.NodePeer.Of(fleet.Node.PublicKey).ToString();
        string url = fleet.Url().ToString().TrimEnd('/');
        Assert.Contains(peer, (await scene.OkAsync("provider", "list", "--fleet", url)).Output, StringComparison.Ordinal);
        Assert.Contains($"provider:  {peer}", (await scene.OkAsync("boot", "show", boot)).Output, StringComparison.Ordinal);
        Assert.Contains($" {peer[..20]}...", (await scene.OkAsync("boot", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutKeyOrSilo_CommandsSayWhatIsMissing()
    {
        using CommandScene scene = new();
        scene.Variables["PLASM_FLEET"] = "http://127.0.0.1:1";
        Assert.Contains("plasmd fleet init", await scene.FailsAsync(ExitCode.Usage, "fleet", "policy", "open"), StringComparison.Ordinal);
        string made = (await scene.OkAsync("fleet", "init")).Output;
        Assert.Contains("operator_keys = [\"ed25519:", made, StringComparison.Ordinal);
        Assert.Contains("There is", (await scene.OkAsync("fleet", "init")).Output, StringComparison.Ordinal);
        Assert.Contains("No silo answers", await scene.FailsAsync(ExitCode.NotReachable, "fleet", "policy", "open"),
            StringComparison.Ordinal);
        await scene.FailsAsync(ExitCode.NotReachable, "boot", "list");
        scene.Variables["PLASM_FLEET"] = "ftp://x";
        Assert.Contains("PLASM_FLEET", await scene.FailsAsync(ExitCode.Configuration, "boot", "list"), StringComparison.Ordinal);
    }

    private static CommandScene Scene(FleetScene fleet)
    {
        CommandScene scene = new() { Time = TimeProvider.System };
        string key = scene.PathOf("operator.key");
        fleet.Operator.SaveFile(key);
        scene.Variables["PLASM_OPERATOR_KEY"] = key;
        scene.Variables["PLASM_FLEET"] = fleet.Url().ToString().TrimEnd('/');
        return scene;
    }
}
