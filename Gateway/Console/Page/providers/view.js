// Providers on a map: sites, their racks, the providers in them.

import { h, listen, show } from "../core/dom.js";
import { ago, clean, count, rate } from "../core/format.js";
import { badge, empty, facts, failure, mono, time, untrusted } from "../core/parts.js";
import { poll } from "../core/poll.js";
import { link } from "../core/route.js";
import { kindOf, nameOf, partOf, stateWord, tile } from "./tile.js";

const EVERY_MS = 3_000;
const MAX_PROVIDERS = 5_000;
const MAX_TILES = 2_000;
const NO_PLACE = "\uffff"; // Sorts last.

export function open(root, { api }) {
    const ends = new AbortController();
    const trouble = h("div");
    const bar = h("form", { class: "filters", role: "search", "aria-label": "Providers" });
    const body = h("div", { class: "with-side" });
    root.append(h("h1", { class: "quiet" }, "Providers"), trouble, bar, body);
    bar.addEventListener("submit", (event) => event.preventDefault(), { signal: ends.signal });

    let providers = null;
    let chosen = "";
    let query = new URLSearchParams();
    listen(
        root,
        {
            filter: (data, element) =>
                location.replace(link(["providers", chosen].filter(Boolean), { ...Object.fromEntries(query), [data.name]: element.value })),
        },
        ends.signal,
    );

    const draw = () => {
        const state = query.get("state") ?? "";
        const q = (query.get("q") ?? "").toLowerCase();
        const wanted = (providers ?? []).filter(
            (one) =>
                (state === "" || stateWord(one) === state) &&
                [one.name, one.key, one.site, one.rack, ...one.urls].join(" ").toLowerCase().includes(q),
        );
        show(bar, search(providers ?? [], query));
        const selected = providers?.find((one) => one.key === chosen);
        show(
            body,
            providers === null
                ? h("p", { class: "empty", data: { key: "empty" } }, "Reading the providers…")
                : wanted.length === 0
                  ? empty(
                        providers.length === 0
                            ? "No provider has joined this fleet. plasmd joins with a token, which plasmd fleet token makes."
                            : "No provider is as the filters want it.",
                    )
                  : map(wanted.slice(0, MAX_TILES), chosen, query, wanted.length),
            selected
                ? side(selected)
                : chosen !== "" && providers !== null
                  ? h("aside", { class: "side", data: { key: "side" } }, h("p", null, "No provider ", mono(chosen), " is enrolled."))
                  : null,
        );
    };
    const asking = poll(
        EVERY_MS,
        (signal) => api.list("/v1/providers?limit=1000", "providers", MAX_PROVIDERS, signal),
        (answer, error) => {
            providers = answer ?? providers;
            show(trouble, error && failure(error, providers ? "Not up to date" : "The providers could not be read"));
            if (providers) draw();
        },
    );

    return {
        title: "Providers",
        show(parts, given) {
            [chosen, query] = [parts[1] ?? "", given];
            draw();
        },
        close() {
            asking.stop();
            ends.abort();
        },
    };
}

function search(providers, query) {
    const states = [...new Set(providers.map(stateWord))].sort();
    const state = h(
        "select",
        { data: { act: "filter", name: "state" } },
        ["", ...new Set([...states, query.get("state") ?? ""].filter(Boolean))].map((one) =>
            h("option", { value: one, data: { key: `state-${one}` } }, one || "all"),
        ),
    );
    state.value = query.get("state") ?? "";
    const loads = providers.reduce((sum, one) => sum + one.load.bytes_per_second, 0);
    return [
        h(
            "label",
            { data: { key: "q" } },
            h("span", null, "Text"),
            h("input", {
                type: "search",
                autocomplete: "off",
                spellcheck: "false",
                placeholder: "name, key, site, address …",
                value: query.get("q") ?? "",
                data: { act: "filter", name: "q" },
            }),
        ),
        h("label", { data: { key: "state" } }, h("span", null, "State"), state),
        h(
            "p",
            { class: "summary", data: { key: "summary" } },
            `${count(providers.length)} providers${loads > 0 ? ` · ${rate(loads)} in all` : ""}`,
        ),
    ];
}

function map(providers, chosen, query, all) {
    const sites = Map.groupBy(providers, (one) => one.site ?? NO_PLACE);
    const sorted = (groups) => [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
    return h(
        "div",
        { class: "map", data: { key: "map" } },
        all > providers.length &&
            h("p", { class: "summary" }, `The first ${count(providers.length)} of ${count(all)}; narrow them down above.`),
        sorted(sites).map(([site, members]) =>
            h(
                "section",
                { class: "site", data: { key: `site-${site}` } },
                h(
                    "h2",
                    null,
                    site === NO_PLACE ? "Site not told" : untrusted(site),
                    h("span", { class: "figure" }, ` ${count(members.length)}`),
                ),
                sorted(Map.groupBy(members, (one) => one.rack ?? NO_PLACE)).map(([rack, ones]) =>
                    h(
                        "div",
                        { class: "rack", data: { key: `rack-${rack}` } },
                        h("h3", null, rack === NO_PLACE ? "Rack not told" : untrusted(rack)),
                        h(
                            "ul",
                            { class: "tiles" },
                            ones.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).map((one) => tile(one, one.key === chosen, query)),
                        ),
                    ),
                ),
            ),
        ),
    );
}

const side = (one) =>
    h(
        "aside",
        { class: "side", "aria-label": "Provider", data: { key: "side" } },
        h("h2", null, untrusted(nameOf(one))),
        h(
            "p",
            null,
            badge(kindOf(one), stateWord(one)),
            one.health !== "ok" ? badge(one.health === "failing" ? "bad" : "warn", one.health) : null,
        ),
        one.reason && h("p", { class: kindOf(one) === "bad" ? "failure" : "note" }, untrusted(one.reason)),
        facts(
            ["Key", mono(one.key)],
            ["In this state", "since ", time(one.state_since)],
            ["Heard of", ago(one.last_seen_at)],
            [
                "Sends",
                rate(one.load.bytes_per_second) || "nothing",
                one.load.capacity_bytes_per_second > 0 ? ` of ${rate(one.load.capacity_bytes_per_second)}` : "",
                one.load.capacity_bytes_per_second > 0 ? ` (${Math.round(partOf(one) * 100)} %)` : "",
            ],
            ["Requests in flight", count(one.load.requests_in_flight)],
            ["Weight", `${one.weight}`],
            ["Architecture", one.arch],
            [
                "Addresses",
                h(
                    "ul",
                    { class: "plain" },
                    one.urls.map((url) => h("li", null, mono(url))),
                ),
            ],
            [
                "Came by",
                `${one.admission}`,
                one.admission === "ticket"
                    ? h(
                          "span",
                          null,
                          " of ",
                          h("a", { href: link(["boot", one.admission_reference]) }, mono(one.admission_reference.slice(0, 12))),
                      )
                    : "",
            ],
            [
                "Replicas",
                h(
                    "ul",
                    { class: "plain" },
                    one.replicas
                        .slice(0, 50)
                        .map((digest) =>
                            h("li", null, h("a", { href: link(["replicas", digest]) }, h("code", null, clean(digest.slice(0, 19)), "…"))),
                        ),
                ),
            ],
            one.accusations.length > 0 && ["Accused", one.accusations.length === 1 ? "once" : `${count(one.accusations.length)} times`],
        ),
    );
