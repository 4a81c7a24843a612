// Pieces that several views show.

import { h } from "./dom.js";
import { clean, clock } from "./format.js";
import { explain } from "./problems.js";

const GLYPHS = { ok: "✓", busy: "▸", warn: "!", bad: "✕", idle: "·" };

/** A state in a word, with a sign and a colour. @param kind ok, busy, warn, bad or idle. */
export const badge = (kind, word) =>
    h("span", { class: `badge ${kind}` }, h("span", { class: "glyph", "aria-hidden": "true" }, GLYPHS[kind]), word);

/** A text that others wrote: cleaned, and kept from reordering what stands beside it. */
export const untrusted = (value, props) => h("bdi", props, clean(value));

export const mono = (value, title) => h("code", { title }, clean(value));

export const time = (value) => h("time", { datetime: value }, clock(value));

/** What failed, with its meaning and what to do. */
export function failure(error, title = "Not up to date") {
    const { what, means, todo } = explain(error);
    return h(
        "div",
        { class: "failure", role: "alert", data: { key: "failure" } },
        h("strong", null, title),
        h("p", null, means, " ", todo),
        h("p", { class: "what" }, untrusted(what)),
    );
}

/** A bar with its figures beside it; @param part 0 to 1. */
export const bar = (part, label, kind = "") =>
    h(
        "span",
        { class: `bar ${kind}`, role: "img", "aria-label": label, title: label },
        h("span", { class: "fill", style: { "--part": Math.max(0, Math.min(1, part || 0)) } }),
    );

/** Term and value, in two columns. */
export const facts = (...pairs) =>
    h(
        "dl",
        { class: "facts" },
        pairs.filter(Boolean).map(([term, ...value]) => h("div", null, h("dt", null, term), h("dd", null, ...value))),
    );

export const empty = (...children) => h("p", { class: "empty", data: { key: "empty" } }, ...children);

/** A table that scrolls sideways on its own where it is too wide. @param rows its tr elements. */
export const table = (label, titles, rows) =>
    h(
        "div",
        { class: "scrolls", tabindex: "0", role: "region", "aria-label": label, data: { key: label } },
        h(
            "table",
            { class: "list" },
            h(
                "thead",
                null,
                h(
                    "tr",
                    null,
                    titles.map((title) => h("th", { scope: "col" }, title)),
                ),
            ),
            h("tbody", null, rows),
        ),
    );
