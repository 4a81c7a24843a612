using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>
/// Real processes, 64 downloads at once, all in mid-body when something fails: each is whole, and none ever had a wrong byte.
/// </summary>
[Collection(StormTurns.Name)]
public sealed class FaultsDuringDownloadsTests(FaultRelease release) : IClassFixture<FaultRelease>
{
    private const int Clients = 64;
    private const long PauseAt = 1 << 20;

    private static readonly Dictionary<string, FaultScenario> Scenarios = new()
    {
        ["kill -9"] = new(scene => FaultScene.KillAsync(scene.Doomed)) { Doomed = 2, Seen = "ConnectFailed while it sent" },
        ["SIGSTOP, then SIGCONT"] = new(scene => scene.SignalAllAsync("STOP"))
        {
            Doomed = 2,
            Seen = "Stalled while it sent",
            Meanwhile = async scene =>
            {
                await scene.Downloads.DeliveredAsync(Clients * FaultScenario.FaultAt);
                await scene.SignalAllAsync("CONT");
            },
        },
        ["reset"] = FaultScenario.Of(ProviderFault.Resets, "Reset while it sent"),
        ["one byte a second"] = FaultScenario.Of(ProviderFault.Drips, "Stalled while it sent"),
        ["flipped byte"] = FaultScenario.Of(ProviderFault.FlipsByte, "sent wrong bytes"),
        ["truncated body"] = FaultScenario.Of(ProviderFault.Truncates, "Truncated while it sent"),
        ["over-long body"] = FaultScenario.Of(ProviderFault.TooMuch, "Overlong while it sent"),
        ["over-long body of no announced length"] = FaultScenario.Of(ProviderFault.TooMuchUnannounced, "Overlong while it sent"),
        ["wrong range"] = FaultScenario.Of(ProviderFault.WrongContentRange, "WrongRange while it sent"),
        ["full disk under the cache"] = new(scene =>
        {
            scene.FillDisk();
            return Task.CompletedTask;
        })
        { CacheMegabytes = 64, Seen = "could not be written" },
        ["a replica joins those that fail"] = FaultScenario.Of(ProviderFault.ServerError, "WrongStatus while it sent") with
        {
            HasGood = false,
            Doomed = 1,
            DoomedJoinLater = true,
            Meanwhile = async scene =>
            {
                await scene.SeesAsync("WrongStatus while it sent");
                await scene.StartDoomedAsync(0);
            },
        },
        ["an honest replica joins one that lies"] = FaultScenario.Of(ProviderFault.FlipsByte, "sent wrong bytes") with
        {
            HasGood = false,
            Liars = 1,
            Doomed = 1,
            DoomedJoinLater = true,
            Meanwhile = async scene =>
            {
                await scene.SeesAsync("sent wrong bytes");
                await scene.StartDoomedAsync(0);
            },
        },
        ["all replicas gone, one returns"] = new(scene => FaultScene.KillAsync(scene.Doomed))
        {
            HasGood = false,
            Doomed = 2,
            Seen = "ConnectFailed while it sent",
            Meanwhile = async scene =>
            {
                await scene.SeesAsync("ConnectFailed while it sent");
                await scene.StartDoomedAsync(1);
            },
        },
        ["the gateway is killed and started again"] = new(scene => FaultScene.KillAsync(scene.Gateway))
        {
            CutsClients = true,
            Meanwhile = async scene =>
            {
                await scene.Downloads.AllCutAsync();
                await scene.StartGatewayAsync();
                scene.Downloads.Resume();
            },
        },
        ["configuration without those that then die"] = new(async scene =>
        {
            await scene.ReloadWithoutFavouritesAsync();
            await FaultScene.KillAsync(scene.Doomed);
        })
        { Doomed = 2, Seen = "The configuration was taken up" },
    };

    public static TheoryData<string> Names => [.. Scenarios.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task SixtyFourDownloads_EachIsWholeAndRight(string fault)
    {
        FaultScenario scenario = Scenarios[fault];
        await using FaultScene scene = new(release, scenario);
        await scene.StartAsync();
        scene.Downloads = new PacedDownloads(new Uri(scene.Url, "/rootfs"), release.Rootfs, Clients, PauseAt);
        await scene.Downloads.AllPausedAsync();

        await scenario.Inject(scene);
        scene.Downloads.GoOn();
        await scenario.Meanwhile(scene);

        int[] cuts = await scene.Downloads.Ended.WaitAsync(Programs.Limit);
        Assert.Equal(Clients, cuts.Length);
        Assert.All(cuts, count => Assert.True(scenario.CutsClients ? count > 0 : count == 0, $"Cut {count} times.{scene.Gateway.Tail()}"));
        if (scenario.Seen is { } text)
        {
            await scene.SeesAsync(text);
        }

        Assert.DoesNotContain(scene.Gateway.Lines, line => line.Text.Contains("fail:", StringComparison.Ordinal));
    }
}
