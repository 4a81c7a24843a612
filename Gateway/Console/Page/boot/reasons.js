// What the reasons of failures mean, docs/boot-agent.md.

const MEANINGS = {
    no_provider: [
        "Nobody who serves this channel was found.",
        "Does a provider serve it (Providers)? Can the machine reach it: mDNS on its LAN, the DHT, phase.provider?",
    ],
    manifest_refused: [
        "Every manifest it was offered failed its checks.",
        "Its trusted keys (phase.trust), its clock, and the channel's release: signature, expiry, number.",
    ],
    fetch_failed: [
        "No provider delivered every byte that the manifest promises.",
        "Look at the log and the trace for who failed; at Replicas for who has it.",
    ],
    storage_failed: ["The machine had no room for what it fetched.", "It needs memory for the release twice; phase.cache may help."],
    kexec_refused: [
        "The machine's kernel refused to start the new one.",
        "Secure Boot's lockdown, or a kernel without kexec, is the usual cause; the log has the kernel's words.",
    ],
    silent: ["It said nothing more, and was given up.", "It may hang, be off, or be cut off from the silos; if it comes back it goes on."],
};

/** @returns [what it means, what to look at]; null for a reason that a machine made up. */
export const meaningOf = (reason) => (Object.hasOwn(MEANINGS, reason) ? MEANINGS[reason] : null);
