// One row of the table. Rows are made once and filled again and again while the list scrolls.

import { h, text } from "../core/dom.js";
import { brief, clean, rate, share, source } from "../core/format.js";
import { link } from "../core/route.js";
import { PHASES, progressOf, stateOf } from "./model.js";

const KINDS = { running: "busy", stuck: "warn", failed: "bad", lost: "bad", joined: "ok" };
const SIGNS = { running: "▸", stuck: "!", failed: "✕", lost: "✕", joined: "✓" };

export const COLUMNS = [
    ["state", "State"],
    ["machine", "Machine"],
    ["slot", "Channel"],
    ["release", "Release"],
    ["progress", "Progress"],
    ["rate", "Rate"],
    [null, "From"],
    ["created", "Age"],
    ["updated", "Heard"],
    [null, "Why"],
];

export function makeRow() {
    const cell = (name, ...content) => h("span", { role: "gridcell", class: `cell ${name}` }, ...content);
    const parts = {
        sign: h("span", { class: "glyph", "aria-hidden": "true" }),
        state: h("span", { class: "word" }),
        machine: h("a", { class: "machine-name", href: "#/boots", tabindex: "-1" }),
        slot: h("span"),
        release: h("span"),
        fill: h("span", { class: "fill" }),
        bytes: h("span", { class: "figure" }),
        rate: h("span"),
        from: h("bdi"),
        age: h("span"),
        heard: h("span"),
        why: h("bdi"),
    };
    const badge = h("span", { class: "badge" }, parts.sign, parts.state);
    const bar = h("span", { class: "bar steps", role: "img" }, parts.fill);
    const row = h(
        "div",
        { role: "row", class: "row" },
        cell("state", badge),
        cell("machine", parts.machine),
        cell("slot", parts.slot),
        cell("release", parts.release),
        cell("progress", bar, parts.bytes),
        cell("rate", parts.rate),
        cell("from", parts.from),
        cell("age", parts.age),
        cell("heard", parts.heard),
        cell("why", parts.why),
    );
    return { row, badge, bar, ...parts };
}

export function fillRow(view, boot, index, isActive) {
    const state = stateOf(boot);
    const word = state === "running" ? boot.phase : state;
    set(view.row, "id", `boot-${boot.id}`);
    set(view.row, "aria-rowindex", index + 2);
    set(view.row, "aria-selected", isActive);
    set(view.row, "class", `row ${KINDS[state]}${isActive ? " active" : ""}`);
    set(view.badge, "class", `badge ${KINDS[state]}`);
    text(view.sign, SIGNS[state]);
    text(view.state, clean(word));
    text(view.machine, clean(boot.machine || boot.id.slice(0, 12)));
    set(view.machine, "href", link(["boot", boot.id]));
    text(view.slot, clean(boot.slot));
    text(view.release, boot.release === null ? "" : String(boot.release));
    const part = progressOf(boot);
    view.fill.style.setProperty("--part", part);
    const step = Math.max(0, PHASES.indexOf(boot.phase));
    set(
        view.bar,
        "aria-label",
        boot.outcome === "joined"
            ? "joined"
            : `${Math.round(part * 100)} percent, ${state === "running" ? `step ${step + 1} of ${PHASES.length}, ` : ""}${clean(word)}`,
    );
    text(view.bytes, boot.total > 0 ? share(boot.fetched, boot.total) : "");
    text(view.rate, rate(boot.rate));
    text(
        view.from,
        boot.sources.length === 0 ? "" : clean(source(boot.sources[0])) + (boot.sources.length > 1 ? ` +${boot.sources.length - 1}` : ""),
    );
    set(view.from, "title", boot.sources.map(clean).join("\n"));
    text(view.why, clean(why(boot, state)));
    set(view.why, "title", clean(boot.detail));
    tickRow(view, boot);
}

/** What changes by time alone. */
export function tickRow(view, boot) {
    const now = Date.now();
    text(view.age, boot.createdAt ? brief(now - boot.createdAt) : "");
    text(view.heard, boot.updatedAt ? `${brief(now - boot.updatedAt)} ago` : "");
}

function why(boot, state) {
    if (state === "stuck") return `silent in ${boot.phase}`;
    if (state === "lost") return `${boot.reason || "silent"}: last heard of in ${boot.phase}`;
    return boot.reason ? (boot.detail ? `${boot.reason}: ${boot.detail}` : boot.reason) : "";
}

function set(element, name, value) {
    const wanted = String(value);
    if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted);
}
