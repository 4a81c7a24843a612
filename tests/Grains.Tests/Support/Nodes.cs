using System.Buffers.Binary;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.Tests.Support;

/// <summary>Keys of nodes, and what nodes say.</summary>
public static class Nodes
{
    public static string Operator { get; } = Id(1_000_000);

    public static Ed25519PrivateKey Key(int number)
    {
        byte[] seed = new byte[32];
        BinaryPrimitives.WriteInt32LittleEndian(seed, number);
        return Ed25519PrivateKey.FromSeed(seed);
    }

    public static string Id(int number) => Key(number).PublicKey.KeyId;

    public static string Boot(int number) => $"{number:x32}";

    public static ProviderEnrolment Enrolment(params ImmutableArray<string> replicas) => new()
    {
        Addresses = ["/ip4/10.0.0.1/tcp/4001"],
        Urls = ["http://10.0.0.1:8080"],
        Arch = "amd64",
        Capabilities = ["kvm"],
        Replicas = replicas,
        Name = "node",
    };

    public static ProviderHeartbeat Beat(
        this ManualClock clock, ProviderHealth health = ProviderHealth.Ok, int inFlight = 0, ImmutableArray<string>? replicas = null) =>
        new() { Health = health, Load = new ProviderLoad(inFlight, 0), SignedAt = clock.Now, Replicas = replicas };

    public static BootCreation Creation(int owner, string nonce = "n1", string? machine = null, string channel = "stable") => new()
    {
        Owner = Id(owner),
        Nonce = nonce,
        MachineId = machine,
        Channel = channel,
        Arch = "x86_64",
        Mode = "internet",
    };

    public static BootEvent Event(BootPhase phase, DateTimeOffset at) => new()
    {
        Phase = phase,
        At = at,
        Reason = phase == BootPhase.Failed ? "no_provider" : null,
    };

    /// <summary>A provider that serves; the fleet must be open, or the provider known.</summary>
    public static async Task<IProviderGrain> ServeAsync(this FleetLab lab, int number, params ImmutableArray<string> replicas)
    {
        IProviderGrain provider = lab.Silo.Get<IProviderGrain>(Id(number));
        await provider.EnrolAsync(Enrolment(replicas), new ProviderAdmission(AdmissionKind.Open));
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await provider.BeatAsync(lab.Clock.Beat());
        return provider;
    }

    public static ImmutableArray<string> Both(string content = "one") =>
        [Releases.DigestOf(ArtifactKind.Kernel, content), Releases.DigestOf(ArtifactKind.Initramfs, content)];

    public static async Task<FleetRefusedException> RefusedAsync(string slug, Func<Task> call)
    {
        FleetRefusedException refused = await Assert.ThrowsAsync<FleetRefusedException>(call);
        Assert.Equal(slug, refused.Slug);
        return refused;
    }
}
