// A provider as a box on the map.

import { h } from "../core/dom.js";
import { clean, rate } from "../core/format.js";
import { link } from "../core/route.js";

const KINDS = { serving: "ok", joining: "idle", waiting: "warn", draining: "idle", suspect: "warn", gone: "bad", quarantined: "bad" };
const SIGNS = { ok: "✓", idle: "·", warn: "!", bad: "✕" };

export const nameOf = (provider) => provider.name || provider.key.slice("ed25519:".length, "ed25519:".length + 12);
export const stateWord = (provider) => (provider.awaits_approval ? "waiting" : provider.state);

export function kindOf(provider) {
    const kind = KINDS[stateWord(provider)] ?? "idle";
    return kind === "ok" && provider.health !== "ok" ? (provider.health === "failing" ? "bad" : "warn") : kind;
}

/** How much of what it can send it sends; without knowing that, how busy it is. */
export function partOf(provider) {
    const { bytes_per_second: now, capacity_bytes_per_second: most, requests_in_flight: requests } = provider.load;
    return most > 0 ? now / most : requests / (requests + 8);
}

export function tile(provider, isChosen, query) {
    const kind = kindOf(provider);
    const word = stateWord(provider);
    const busy = [
        rate(provider.load.bytes_per_second),
        provider.load.requests_in_flight > 0 ? `${provider.load.requests_in_flight} requests` : "",
    ]
        .filter(Boolean)
        .join(", ");
    return h(
        "li",
        { data: { key: provider.key } },
        h(
            "a",
            {
                class: `tile ${kind}${isChosen ? " active" : ""}`,
                href: link(["providers", provider.key], Object.fromEntries(query)),
                "aria-current": isChosen ? "true" : undefined,
            },
            h("span", { class: "name" }, h("bdi", null, clean(nameOf(provider)))),
            h(
                "span",
                { class: "state" },
                h("span", { class: "glyph", "aria-hidden": "true" }, SIGNS[kind]),
                word,
                provider.health !== "ok" && `, ${provider.health}`,
                provider.weight !== 1 && h("span", { class: "weight" }, `×${provider.weight}`),
            ),
            h("span", { class: "busy" }, busy || "idle"),
            h("span", { class: "gauge", "aria-hidden": "true", style: { "--part": Math.min(1, partOf(provider)) } }),
        ),
    );
}
