// The trace of one boot: a row for each span, its bar where it was in time.

import { h } from "../core/dom.js";
import { clean, duration } from "../core/format.js";
import { empty } from "../core/parts.js";
import { milliseconds } from "./spans.js";

const TICKS = 4;
const LEAST_PART = 0.002; // A span too short to be seen is drawn nevertheless.

/** @param chosen the id of the span whose story is shown. */
export function waterfall(trace, chosen) {
    if (!trace) {
        return empty("No trace was sent of this boot. Boot agent and plasmd of the booted machine send its spans; older ones send none.");
    }
    const { spans, from, until } = trace;
    const all = Math.max(milliseconds(until - from), 0.001);
    return [
        h(
            "table",
            { class: "waterfall", data: { key: "waterfall" } },
            h("caption", { class: "quiet" }, "Spans of this boot, in the order they began"),
            h(
                "thead",
                null,
                h(
                    "tr",
                    null,
                    h("th", { scope: "col" }, "Span"),
                    h("th", { scope: "col", class: "figure" }, "Took"),
                    h(
                        "th",
                        { scope: "col", class: "axis" },
                        h(
                            "span",
                            { class: "ticks" },
                            Array.from({ length: TICKS + 1 }, (_, tick) => h("span", null, duration((all * tick) / TICKS))),
                        ),
                    ),
                ),
            ),
            h(
                "tbody",
                null,
                spans.map((span) => {
                    const begin = milliseconds(span.start - from) / all;
                    const took = milliseconds(span.end - span.start);
                    const isChosen = span.id === chosen;
                    return h(
                        "tr",
                        { class: `${span.isError ? "bad" : serviceClass(span)}${isChosen ? " active" : ""}`, data: { key: span.id } },
                        h(
                            "th",
                            { scope: "row", style: { "--depth": Math.min(span.depth, 12) } },
                            h(
                                "button",
                                { type: "button", "aria-expanded": String(isChosen), data: { act: "span", span: span.id } },
                                span.isError && h("span", { class: "glyph" }, "✕ "),
                                h("bdi", null, clean(span.name)),
                            ),
                        ),
                        h("td", { class: "figure" }, duration(took)),
                        h(
                            "td",
                            { class: "axis" },
                            h(
                                "span",
                                { class: "lane", title: `begins after ${duration(begin * all)}` },
                                h("span", { class: "piece", style: { "--from": begin, "--part": Math.max(LEAST_PART, took / all) } }),
                                span.events.map((event) =>
                                    h("span", {
                                        class: `mark${event.name.endsWith(".failed") ? " bad" : ""}`,
                                        style: { "--from": Math.max(0, Math.min(1, milliseconds(event.at - from) / all)) },
                                    }),
                                ),
                            ),
                        ),
                    );
                }),
            ),
        ),
        legend(spans),
        story(
            spans.find((span) => span.id === chosen),
            from,
        ),
    ];
}

const serviceClass = (span) => (span.service === "phase-agent" ? "agent" : span.service === "plasmd" ? "node" : "other");

function legend(spans) {
    const services = [...new Set(spans.map((span) => span.service))].filter(Boolean).slice(0, 6);
    return h(
        "ul",
        { class: "legend", "aria-label": "Who sent the spans", data: { key: "legend" } },
        services.map((service) =>
            h(
                "li",
                { class: serviceClass({ service }) },
                h("span", { class: "swatch", "aria-hidden": "true" }),
                h("bdi", null, clean(service)),
            ),
        ),
    );
}

function story(span, from) {
    if (!span) return null;
    return h(
        "section",
        { class: "story", "aria-label": "Span", data: { key: "story" } },
        h("h3", null, h("bdi", null, clean(span.name))),
        span.isError && h("p", { class: "failure" }, h("bdi", null, clean(span.message || "failed"))),
        h(
            "dl",
            { class: "facts" },
            fact("begins after", duration(milliseconds(span.start - from))),
            fact("took", duration(milliseconds(span.end - span.start))),
            span.host && fact("machine", span.host),
            [...span.attributes].map(([name, value]) => fact(name, value)),
        ),
        span.events.length > 0 &&
            h(
                "ol",
                { class: "events" },
                span.events.map((event) =>
                    h(
                        "li",
                        null,
                        h("span", { class: "figure" }, duration(milliseconds(event.at - from))),
                        " ",
                        h("strong", null, h("bdi", null, clean(event.name))),
                        " ",
                        h("bdi", null, clean([...event.attributes].map(([name, value]) => `${name}=${value}`).join(" "))),
                    ),
                ),
            ),
    );
}

const fact = (name, value) => h("div", null, h("dt", null, h("bdi", null, clean(name))), h("dd", null, h("bdi", null, clean(value))));
