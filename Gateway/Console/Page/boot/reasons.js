// What to do about boots that did not get where they should: the table of docs/cli.md, word for word, which a test compares. BOOT and
// CHANNEL stand for those of the boot, backticks for commands and the like.

/** By reason, and "stuck in" a phase. */
export const ADVICE = {
    defect: [
        "Keep `plasmd boot show BOOT --log` and report it: the agent met something it does not know.",
        "Boot it again; if only this release does it, `plasmd channel rollout CHANNEL --pause`.",
    ],
    bad_parameters: [
        "Correct the kernel parameter that the detail names, where the machine gets its command line from: boot loader, " +
            "iPXE script, or the release's `--cmdline`.",
    ],
    no_provider: [
        "See who serves: `plasmd provider list --fleet URL --state serving`. Nobody: start one, or let one back: `plasmd " +
            "provider release PROVIDER`.",
        "They serve, and the machine did not get there: fetch http://PROVIDER:8080/manifest.json from its network; check " +
            "VLAN, route and firewall.",
        "It was not told of them: give `phase.provider=`, or look at what its network hears: `plasmd mdns browse`, " +
            "`plasmd dht find CHANNEL`.",
    ],
    manifest_refused: [
        "Signed by a stranger: give machines that key in `phase.trust=` or the boot image, or publish what a trusted key " +
            "signed (`plasmd manifest sign`).",
        "Expired: sign anew with `plasmd manifest generate --expires 90d --sign`, then `plasmd channel publish CHANNEL " +
            "FILE`; or the machine's clock is ahead.",
        "Changed after signing, or of another channel: `plasmd manifest verify FILE --trust KEY` on that provider's copy " +
            "says which; publish it again.",
    ],
    fetch_failed: [
        "Wrong SHA-256: that provider's copy is damaged. `plasmd provider quarantine PROVIDER`, then there `plasmd " +
            "manifest verify FILE --artifacts DIR`.",
        "Refused, reset or stalled: `plasmd provider status --url URL` of those named in the detail; drain the sick one: " +
            "`plasmd provider drain PROVIDER`.",
        "Only one provider had it: let another serve CHANNEL as well.",
    ],
    kexec_refused: [
        "The detail says which rule of the running kernel it is. kexec_load_disabled or lockdown: boot the agent with a " +
            "kernel without it, or sign the release's kernel.",
        "Not an image, or a wrong signature: publish another kernel, `plasmd channel rollback CHANNEL --to RELEASE " + "--sign`.",
        "Not enough memory: give the machine more; four times the release is safe.",
    ],
    storage_failed: [
        "The machine has too little memory (or the disk of `--output` too little room) for this release: give it more; " +
            "four times the release is safe.",
        "The release has grown: `plasmd channel rollback CHANNEL --to RELEASE --sign`.",
    ],
    interrupted: ["Somebody or something stopped the agent; nothing is broken. Boot the machine again."],
    silent: [
        "The machine's own console knows more: power, a kernel that hangs or panics, a network that went away.",
        "Many at once: `plasmd cluster status` and the network between; the boots may have gone well, unheard.",
    ],
    unknown: ["No more is known of it than its console: `plasmd boot show BOOT --log`."],
    "stuck in created": [
        "It finds no provider: `plasmd mdns browse` from its LAN, `plasmd dht find CHANNEL`, or give it " + "`phase.provider=`.",
    ],
    "stuck in discovered": ["Those it found give no manifest: `plasmd provider list --fleet URL --state serving`."],
    "stuck in manifest": ["It has a manifest and does not begin to fetch: look at its providers, `plasmd provider status --url URL`."],
    "stuck in fetching": [
        "Bytes do not come: `plasmd provider list --fleet URL`; drain the sick one, `plasmd provider drain PROVIDER`.",
        "Many machines: the network, or a gateway that turns them away (`plasmd route explain /kernel --gateway URL`).",
    ],
    "stuck in verified": ["It verifies or loads the kernel: the machine's own console; little memory makes this slow."],
    "stuck in kexec": [
        "The new kernel does not come up, or its plasmd does not reach a silo: the machine's own console; `phase.fleet=` " +
            "of that machine.",
    ],
};

/** @returns {string[]} what to do about a boot as the API shows it; nothing for one that goes well. */
export function adviceFor(view) {
    const hasEnded = view.outcome === "failed" || view.outcome === "lost";
    const about = hasEnded ? (view.reason ?? "unknown") : view.is_stuck ? `stuck in ${view.phase}` : "";
    const steps = Object.hasOwn(ADVICE, about) ? ADVICE[about] : hasEnded ? ADVICE.unknown : [];
    return steps.map((step) => step.replaceAll("BOOT", () => view.boot_id).replaceAll("CHANNEL", () => `${view.channel}/${view.arch}`));
}
