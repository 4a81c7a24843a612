// The phases of one boot, with their times.

import { h } from "../core/dom.js";
import { clock, duration, rate, share } from "../core/format.js";
import { PHASES } from "../boots/model.js";

export function phases(view) {
    const told = new Map((view.phases ?? []).map((phase) => [phase.phase, phase]));
    const ended = view.outcome !== "running";
    const begun = Date.parse(view.created_at);
    let before = begun;
    const steps = view.outcome === "failed" ? [...PHASES.filter((phase) => told.has(phase)), "failed"] : PHASES;
    return h(
        "ol",
        { class: "phases", "aria-label": "Phases", data: { key: "phases" } },
        steps.map((phase) => {
            const at = told.get(phase);
            const isNow = phase === view.phase && !ended;
            const heard = at ? Date.parse(at.received_at) : NaN;
            const took = at ? duration(heard - before) : isNow ? duration(Date.now() - before) : "";
            if (at) before = heard;
            const kind = !at ? "to-come" : phase === "failed" ? "bad" : isNow ? (view.is_stuck ? "warn" : "busy") : "ok";
            return h(
                "li",
                { class: kind, "aria-current": isNow ? "step" : undefined, data: { key: phase } },
                h("span", { class: "word" }, phase),
                h("span", { class: "figure" }, at ? clock(at.received_at) : ""),
                h("span", { class: "figure" }, at && phase !== "created" ? `+${took}` : ""),
                phase === "fetching" &&
                    view.bytes_total > 0 &&
                    h(
                        "span",
                        { class: "figure" },
                        share(view.bytes_fetched, view.bytes_total),
                        isNow && view.bytes_per_second > 0 ? ` · ${rate(view.bytes_per_second)}` : "",
                    ),
                phase === "fetching" &&
                    view.bytes_total > 0 &&
                    h(
                        "span",
                        { class: "bar", role: "img", "aria-label": "Bytes fetched" },
                        h("span", { class: "fill", style: { "--part": Math.min(1, view.bytes_fetched / view.bytes_total) } }),
                    ),
            );
        }),
    );
}
