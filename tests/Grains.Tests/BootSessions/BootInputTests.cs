namespace PhaseMesh.Grains.Tests.BootSessions;

[Collection("Fleet")]
public class BootInputTests(FleetStorages storages)
{
    public static TheoryData<BootCreation> BadCreations =>
    [
        Nodes.Creation(1) with { Owner = "me" },
        Nodes.Creation(1) with { Nonce = "" },
        Nodes.Creation(1) with { Nonce = new string('a', 65) },
        Nodes.Creation(1) with { MachineId = "" },
        Nodes.Creation(1) with { MachineId = "a b" },
        Nodes.Creation(1) with { MachineId = new string('a', 129) },
        Nodes.Creation(1) with { MachineId = "'; DROP TABLE grains; --" },
        Nodes.Creation(1) with { Channel = "Stable" },
        Nodes.Creation(1) with { Channel = null! },
        Nodes.Creation(1) with { Arch = "sparc" },
        Nodes.Creation(1) with { Mode = "evil" },
        Nodes.Creation(1) with { Trace = new string('a', 129) },
        Nodes.Creation(1) with { SourceAddress = "\u0001" },
    ];

    public static TheoryData<BootEvent> BadEvents =>
    [
        Good() with { Phase = BootPhase.Created },
        Good() with { Phase = (BootPhase)99 },
        Good() with { At = DateTimeOffset.UnixEpoch.AddSeconds(-1) },
        Good() with { At = DateTimeOffset.MaxValue },
        Good() with { Manifest = "sha256:00" },
        Good() with { Release = -1 },
        Good() with { BytesFetched = -1 },
        Good() with { BytesTotal = -1 },
        Good() with { BytesPerSecond = -1 },
        Good() with { From = [.. Enumerable.Repeat("a", 9)] },
        Good() with { From = [new string('a', 257)] },
        Good() with { From = [""] },
        Good() with { From = [null!] },
        Good() with { From = default },
        Good() with { Reason = "" },
        Good() with { Reason = "No Provider" },
        Good() with { Reason = new string('a', 65) },
        Good() with { Detail = new string('a', 1025) },
        Good() with { Version = new string('a', 129) },
    ];

    [Theory]
    [MemberData(nameof(BadCreations))]
    public async Task Create_BadValue_IsRefused(BootCreation creation)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).CreateAsync(creation));
        Assert.Null(await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).GetAsync());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0000000000000000000000000000000G")]
    [InlineData("0000000000000000000000000000000A")]
    public async Task Create_KeyThatIsNoBootId_IsRefused(string key)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IBootSessionGrain>(key).CreateAsync(Nodes.Creation(1)));
    }

    [Theory]
    [MemberData(nameof(BadEvents))]
    public async Task Record_BadValue_IsRefused_AndTheGoodOnesBesideItToo(BootEvent bad)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.RecordAsync(Nodes.Id(1), [Good(), bad]));

        Assert.Equal(BootPhase.Created, (await boot.GetAsync())!.Phase);
    }

    [Fact]
    public async Task Record_NoneTooManyOrByOthers_IsRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => boot.RecordAsync(Nodes.Id(1), [Good()]));
        await boot.CreateAsync(Nodes.Creation(1));

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.RecordAsync(Nodes.Id(1), []));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.RecordAsync(Nodes.Id(1), default));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.RecordAsync(Nodes.Id(1), [.. Enumerable.Repeat(Good(), 65)]));
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => boot.RecordAsync(Nodes.Id(2), [Good()]));
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => boot.RecordAsync(Nodes.Id(1), [Good() with { Phase = BootPhase.Joined }]));
    }

    private static BootEvent Good() => Nodes.Event(BootPhase.Discovered, DateTimeOffset.UnixEpoch.AddYears(50));
}
