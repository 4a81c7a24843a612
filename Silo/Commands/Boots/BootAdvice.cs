using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary>
/// What to do about boots that did not get where they should: for each reason that agents and silos give, and for each phase in which a
/// boot may hang. The one table of it: docs/cli.md repeats it, and docs/boot-agent.md has the reasons; tests compare.
/// </summary>
/// <param name="About">A reason such as <c>fetch_failed</c>, or a phase.</param>
/// <param name="Steps">What to do. BOOT and CHANNEL stand for those of the boot.</param>
internal sealed record BootAdvice(string About, params IReadOnlyList<BootStep> Steps)
{
    /// <summary>By the reasons of <c>phase-agent</c>, in the order of its exit codes, then those of silos.</summary>
    public static IReadOnlyList<BootAdvice> OfReasons { get; } =
    [
        new("defect",
            "Keep `plasmd boot show BOOT --log` and report it: the agent met something it does not know.",
            "Boot it again; if only this release does it, `plasmd channel rollout CHANNEL --pause`."),
        new("bad_parameters",
            "Correct the kernel parameter that the detail names, where the machine gets its command line from: boot loader, iPXE script, or the release's `--cmdline`."),
        new("no_provider",
            "See who serves: `plasmd provider list --fleet URL --state serving`. Nobody: start one, or let one back: `plasmd provider release PROVIDER`.",
            new("They serve, and the machine did not get there: fetch http://PROVIDER:8080/manifest.json from its network; check VLAN, route and firewall.",
                "no manifest:"),
            "It was not told of them: give `phase.provider=`, or look at what its network hears: `plasmd mdns browse`, `plasmd dht find CHANNEL`."),
        new("manifest_refused",
            new("Signed by a stranger: give machines that key in `phase.trust=` or the boot image, or publish what a trusted key signed (`plasmd manifest sign`).",
                "signed by", "unsigned"),
            new("Expired: sign anew with `plasmd manifest generate --expires 90d --sign`, then `plasmd channel publish CHANNEL FILE`; or the machine's clock is ahead.",
                "expired"),
            new("Changed after signing, or of another channel: `plasmd manifest verify FILE --trust KEY` on that provider's copy says which; publish it again.",
                "is not valid")),
        new("fetch_failed",
            new("Wrong SHA-256: that provider's copy is damaged. `plasmd provider quarantine PROVIDER`, then there `plasmd manifest verify FILE --artifacts DIR`.",
                "SHA-256"),
            new("Refused, reset or stalled: `plasmd provider status --url URL` of those named in the detail; drain the sick one: `plasmd provider drain PROVIDER`.",
                "refused the connection", "closed the connection", "nothing of use"),
            "Only one provider had it: let another serve CHANNEL as well."),
        new("kexec_refused",
            "The detail says which rule of the running kernel it is. kexec_load_disabled or lockdown: boot the agent with a kernel without it, or sign the release's kernel.",
            new("Not an image, or a wrong signature: publish another kernel, `plasmd channel rollback CHANNEL --to RELEASE --sign`.",
                "not an image", "signature is not valid"),
            new("Not enough memory: give the machine more; four times the release is safe.", "memory")),
        new("storage_failed",
            "The machine has too little memory (or the disk of `--output` too little room) for this release: give it more; four times the release is safe.",
            "The release has grown: `plasmd channel rollback CHANNEL --to RELEASE --sign`."),
        new("interrupted",
            "Somebody or something stopped the agent; nothing is broken. Boot the machine again."),
        new("silent",
            "The machine's own console knows more: power, a kernel that hangs or panics, a network that went away.",
            "Many at once: `plasmd cluster status` and the network between; the boots may have gone well, unheard."),
        new("unknown",
            "No more is known of it than its console: `plasmd boot show BOOT --log`."),
    ];

    /// <summary>For boots that are silent for longer than the phase they said last allows.</summary>
    public static IReadOnlyList<BootAdvice> OfStuckPhases { get; } =
    [
        new("created", "It finds no provider: `plasmd mdns browse` from its LAN, `plasmd dht find CHANNEL`, or give it `phase.provider=`."),
        new("discovered", "Those it found give no manifest: `plasmd provider list --fleet URL --state serving`."),
        new("manifest", "It has a manifest and does not begin to fetch: look at its providers, `plasmd provider status --url URL`."),
        new("fetching",
            "Bytes do not come: `plasmd provider list --fleet URL`; drain the sick one, `plasmd provider drain PROVIDER`.",
            "Many machines: the network, or a gateway that turns them away (`plasmd route explain /kernel --gateway URL`)."),
        new("verified", "It verifies or loads the kernel: the machine's own console; little memory makes this slow."),
        new("kexec", "The new kernel does not come up, or its plasmd does not reach a silo: the machine's own console; `phase.fleet=` of that machine."),
    ];

    /// <summary>What to do about one boot, as the API shows it, the likeliest first; none for one that goes well.</summary>
    public static IReadOnlyList<string> For(JsonElement boot)
    {
        string? reason = boot.Text("outcome") is "failed" or "lost" ? boot.Text("reason") ?? "unknown" : null;
        string? phase = boot.Is("is_stuck") ? boot.Text("phase") : null;
        IReadOnlyList<BootStep>? steps = reason is not null
            ? OfReasons.FirstOrDefault(known => known.About == reason)?.Steps ?? OfReasons[^1].Steps
            : OfStuckPhases.FirstOrDefault(known => known.About == phase)?.Steps;
        return
        [
            .. (steps ?? []).OrderBy(step => step.Fits(boot.Text("detail")) ? 0 : 1).Select(step => step.Text
                .Replace("BOOT", boot.Text("boot_id"), StringComparison.Ordinal)
                .Replace("CHANNEL", $"{boot.Text("channel")}/{boot.Text("arch")}", StringComparison.Ordinal)),
        ];
    }
}

/// <param name="Signs">What the failure's detail has in it where this is the thing to do.</param>
internal sealed record BootStep(string Text, params IReadOnlyList<string> Signs)
{
    public static implicit operator BootStep(string text) => new(text, []);

    public bool Fits(string? detail) => Signs.Any(sign => detail?.Contains(sign, StringComparison.Ordinal) == true);
}
