// What went wrong, what it means, what to do. The slugs are those of docs/wire/fleet-api.md.

const SLUGS = {
    "not-signed": ["This fleet shows itself to operators only (open_reads = false).", "Choose an operator's key, at the top of this page."],
    "signature-malformed": [
        "The silo can't read the signature that this page made.",
        "Gateway and silos may be of different versions; use plasmd.",
    ],
    skewed: ["This computer's clock and the silo's differ by more than five minutes.", "Set the clocks, then try again."],
    "bad-signature": [
        "The signature does not fit what arrived: the request was changed on its way.",
        "Look for a proxy that rewrites paths or bodies.",
    ],
    "not-allowed": [
        "The key may not do this. Nothing was changed.",
        "Choose an operator's key, or have an operator add it: plasmd fleet operator add.",
    ],
    "not-admitted": ["The fleet did not let it in.", "Look at the fleet's policy."],
    quarantined: ["The provider is quarantined.", "Release it first: plasmd provider release."],
    "manifest-not-trusted": [
        "The channel does not trust the release key that signed, or wants more signatures. Nothing was changed.",
        "Choose the channel's release keys; all that its threshold asks for.",
    ],
    invalid: ["A value breaks its rule. Nothing was changed.", "Correct the value that the message names."],
    "manifest-malformed": ["The manifest can't be read. Nothing was changed.", "Make it with plasmd."],
    "not-found": ["There is no such thing, or no longer.", "Go back to the list."],
    replayed: ["This very request was taken before.", "Look whether the change was made; if not, do it again."],
    "enrol-again": ["The provider must enrol again.", "It does so by itself."],
    taken: ["The id belongs to another key.", "Use another id."],
    "wrong-state": ["Its state does not allow it. Nothing was changed.", "Look at its state; it may have changed meanwhile."],
    "manifest-of-other-channel": ["The manifest is for another channel. Nothing was changed.", "Try again."],
    "manifest-expired": ["The manifest has expired. Nothing was changed.", "Publish a new release; an expired one can't be repeated."],
    "no-trusted-keys": [
        "Neither the channel nor the silos trust any release key. Nothing was changed.",
        "Say whose signatures count: plasmd channel trust.",
    ],
    "release-not-newer": [
        "Somebody published in this channel meanwhile. Nothing was changed.",
        "Look at what is there now, then decide anew.",
    ],
    "manifest-not-stored": ["The manifest was not stored. Nothing was changed.", "Try again."],
    "artifacts-differ": [
        "The release to be repeated has changed meanwhile. Nothing was changed.",
        "Look at what is there now, then decide anew.",
    ],
    "proof-does-not-hold": ["The report shows no misbehaviour.", "Nothing is to be done."],
    "last-operator": ["The last operator can't be removed.", "Add another first."],
    "too-large": ["It is too large. Nothing was changed.", "Use plasmd, which says more."],
    "too-many": ["Too many ask at once.", "The page waits and tries again."],
    fault: ["The silo has a fault.", "Its log says more: journalctl -u plasmd."],
    "storage-away": ["The fleet's database is away. Machines boot nevertheless.", "See the runbook DatabaseAway; the page tries again."],
    contended: ["Too many changed the same thing at once. Nothing was changed.", "Try again."],
    slow: ["The silo took too long; a change may have been made.", "Look at what is there now before you repeat it."],
};

const GENERIC = {
    unreachable: [
        "This page can't reach the gateway it came from.",
        "Look whether the gateway runs and the network is there; the page tries again.",
    ],
    slow: ["No answer came in time; a change may have been made.", "Look at what is there now before you repeat a change."],
    garbled: ["The answer is not what this page expects.", "Gateway and page may be of different versions: load the page anew."],
};

const STATUS = {
    404: ["The gateway knows no silo that could answer, or the silos are older than this page.", "Start the gateway with --silo."],
    405: ["The gateway knows no silo that could answer.", "Start the gateway with --silo."],
    413: SLUGS["too-large"],
    429: SLUGS["too-many"],
    502: ["No silo answers the gateway. Machines boot nevertheless.", "See the runbook SiloDown; the page tries again."],
    503: [
        "No silo answers the gateway. Machines boot nevertheless; a change may have been made.",
        "See the runbook SiloDown; the page tries again.",
    ],
};

export const knownSlugs = Object.keys(SLUGS);

/** @returns {{what: string, means: string, todo: string}} */
export function explain(error) {
    const [means, todo] = SLUGS[error.slug] ??
        (error.kind === "refused" ? STATUS[error.status] : GENERIC[error.kind]) ?? [
            "The call failed.",
            "Try again; the logs of gateway and silos may say more.",
        ];
    const call = error.path ? `${error.method ?? "GET"} ${error.path.split("?")[0]}` : "The page";
    const what =
        error.kind === "refused"
            ? `${call}: ${error.status}${error.detail ? `, ${error.detail}` : ""}`
            : error.kind
              ? `${call}: ${error.detail || error.kind}`
              : String(error.message ?? error);
    return { what, means, todo };
}
