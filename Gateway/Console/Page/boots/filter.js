// Which boots are shown, and in what order.

import { needsAttention, PHASES, progressOf, stateOf } from "./model.js";

export const STATES = ["running", "attention", "stuck", "failed", "lost", "joined"];

export const SORTS = {
    created: (a, b) => b.createdAt - a.createdAt,
    state: (a, b) => severity(a) - severity(b),
    machine: (a, b) => compare(a.machine || a.id, b.machine || b.id),
    slot: (a, b) => compare(a.slot, b.slot),
    release: (a, b) => (b.release ?? -1) - (a.release ?? -1),
    progress: (a, b) => progressOf(b) - progressOf(a),
    rate: (a, b) => b.rate - a.rate,
    updated: (a, b) => b.updatedAt - a.updatedAt,
};

const SEVERITY = ["stuck", "failed", "lost", "running", "joined"];
const severity = (boot) => SEVERITY.indexOf(stateOf(boot));
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** @param query URLSearchParams: state, channel, release, machine, q, reason. */
export function predicate(query) {
    const [state, channel, release, machine, q, reason] = ["state", "channel", "release", "machine", "q", "reason"].map(
        (name) => query.get(name) ?? "",
    );
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const wantedMachine = machine.toLowerCase();
    return (boot) =>
        (state === "" || isIn(boot, state)) &&
        (channel === "" || boot.slot === channel) &&
        (release === "" || String(boot.release ?? "") === release) &&
        (reason === "" || boot.reason === reason) &&
        (wantedMachine === "" || boot.machine.toLowerCase().includes(wantedMachine)) &&
        (words.length === 0 || words.every((word) => haystack(boot).includes(word)));
}

export const ordered = (boots, sort) =>
    boots.sort((a, b) => (SORTS[sort] ?? SORTS.created)(a, b) || SORTS.created(a, b) || compare(a.id, b.id));

function isIn(boot, state) {
    if (state === "attention") return needsAttention(boot);
    return PHASES.includes(state) && state !== "joined"
        ? boot.outcome === "running" && boot.phase === state
        : state === "running"
          ? boot.outcome === "running"
          : stateOf(boot) === state;
}

function haystack(boot) {
    boot.haystack ??= [
        boot.id,
        boot.machine,
        boot.slot,
        boot.release,
        boot.phase,
        stateOf(boot),
        boot.reason,
        boot.detail,
        boot.provider,
        ...boot.sources,
    ]
        .join(" ")
        .toLowerCase();
    return boot.haystack;
}
