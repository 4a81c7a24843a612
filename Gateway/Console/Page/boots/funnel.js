// How many boots are in each phase, and what became of the others.

import { h } from "../core/dom.js";
import { clean, count } from "../core/format.js";
import { link } from "../core/route.js";
import { PHASES, stateOf } from "./model.js";

const MAX_REASONS = 6;

export function census(boots) {
    const phases = Object.fromEntries(PHASES.map((phase) => [phase, 0]));
    const states = { running: 0, stuck: 0, failed: 0, lost: 0, joined: 0 };
    const reasons = new Map();
    let rate = 0;
    for (const boot of boots) {
        const state = stateOf(boot);
        states[state]++;
        if (boot.outcome === "running" && boot.phase in phases) phases[boot.phase]++;
        else if (state === "joined") phases.joined++;
        if (state === "failed" || state === "lost") reasons.set(boot.reason, (reasons.get(boot.reason) ?? 0) + 1);
        rate += boot.rate;
    }
    return { phases, states, reasons, rate };
}

export function funnel({ phases, states, reasons }, query) {
    const most = Math.max(1, ...Object.values(phases));
    const chosen = query.get("state") ?? "";
    const step = (state, number, kind) => {
        const isChosen = chosen === state;
        return h(
            "li",
            { data: { key: state } },
            h(
                "a",
                {
                    class: `step ${kind}`,
                    href: link(["boots"], { ...Object.fromEntries(query), state: isChosen ? "" : state }),
                    "aria-current": isChosen ? "true" : undefined,
                },
                h("span", { class: "number" }, count(number)),
                h("span", { class: "word" }, state),
                h("span", { class: "gauge", "aria-hidden": "true", style: { "--part": number / most } }),
            ),
        );
    };
    return [
        h(
            "ol",
            { class: "funnel", "aria-label": "Boots by phase", data: { key: "phases" } },
            PHASES.map((phase) => step(phase, phases[phase], phase === "joined" ? "ok" : "busy")),
        ),
        h(
            "ul",
            { class: "funnel ends", "aria-label": "Boots that need attention", data: { key: "ends" } },
            step("stuck", states.stuck, states.stuck ? "warn" : "none"),
            step("failed", states.failed, states.failed ? "bad" : "none"),
            step("lost", states.lost, states.lost ? "bad" : "none"),
        ),
        reasons.size > 0 &&
            h(
                "ul",
                { class: "reasons", "aria-label": "Failures by reason", data: { key: "reasons" } },
                [...reasons]
                    .sort((a, b) => b[1] - a[1])
                    .slice(0, MAX_REASONS)
                    .map(([reason, number]) => {
                        const isChosen = query.get("reason") === reason;
                        return h(
                            "li",
                            { data: { key: `reason-${reason}` } },
                            h(
                                "a",
                                {
                                    class: "chip bad",
                                    href: link(["boots"], { ...Object.fromEntries(query), reason: isChosen ? "" : reason }),
                                    "aria-current": isChosen ? "true" : undefined,
                                },
                                h("bdi", null, clean(reason)),
                                " ",
                                h("strong", null, count(number)),
                            ),
                        );
                    }),
            ),
    ];
}
