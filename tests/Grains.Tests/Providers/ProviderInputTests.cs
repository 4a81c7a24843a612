namespace PhaseMesh.Grains.Tests.Providers;

[Collection("Fleet")]
public class ProviderInputTests(FleetStorages storages)
{
    public static TheoryData<string, ProviderEnrolment> Bad => new()
    {
        { "addresses", Nodes.Enrolment() with { Addresses = [.. Enumerable.Repeat("/ip4/1.1.1.1", 17)] } },
        { "addresses", Nodes.Enrolment() with { Addresses = ["ip4/1.1.1.1"] } },
        { "addresses", Nodes.Enrolment() with { Addresses = ["/" + new string('a', 256)] } },
        { "addresses", Nodes.Enrolment() with { Addresses = ["/ip4/\n"] } },
        { "addresses", Nodes.Enrolment() with { Addresses = [null!] } },
        { "urls", Nodes.Enrolment() with { Urls = ["ftp://a"] } },
        { "urls", Nodes.Enrolment() with { Urls = ["/relative"] } },
        { "urls", Nodes.Enrolment() with { Urls = ["http://user:secret@a/"] } },
        { "urls", Nodes.Enrolment() with { Urls = ["http://a/?q=1"] } },
        { "urls", Nodes.Enrolment() with { Urls = ["http://" + new string('a', 512)] } },
        { "capabilities", Nodes.Enrolment() with { Capabilities = ["KVM"] } },
        { "capabilities", Nodes.Enrolment() with { Capabilities = [""] } },
        { "capabilities", Nodes.Enrolment() with { Capabilities = ["'; DROP TABLE grains; --"] } },
        { "capabilities", Nodes.Enrolment() with { Capabilities = [.. Enumerable.Repeat("a", 33)] } },
        { "replicas", Nodes.Enrolment() with { Replicas = ["sha256:00"] } },
        { "replicas", Nodes.Enrolment() with { Replicas = [.. Enumerable.Repeat(Releases.Digest("a").ToString(), 257)] } },
        { "arch", Nodes.Enrolment() with { Arch = "sparc" } },
        { "name", Nodes.Enrolment() with { Name = "a\0b" } },
        { "name", Nodes.Enrolment() with { Name = new string('a', 257) } },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Enrol_BadValue_IsRefusedAndNamed(string name, ProviderEnrolment enrolment)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        FleetRefusedException refused = await Nodes.RefusedAsync(FleetRefusals.Invalid,
            () => lab.Silo.Get<IProviderGrain>(Nodes.Id(1)).EnrolAsync(enrolment, new ProviderAdmission(AdmissionKind.Open)));

        Assert.StartsWith(name, refused.Message, StringComparison.Ordinal);
        Assert.Null(await lab.Silo.Get<IProviderGrain>(Nodes.Id(1)).GetAsync());
    }

    [Fact]
    public async Task Heartbeat_BadValue_IsRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IProviderGrain provider = await lab.ServeAsync(1);

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => provider.BeatAsync(lab.Clock.Beat(inFlight: -1)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => provider.BeatAsync(lab.Clock.Beat((ProviderHealth)9)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => provider.BeatAsync(lab.Clock.Beat(replicas: ["x"])));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => provider.BeatAsync(lab.Clock.Beat() with { Load = null! }));
    }
}
