// Who may be asked for an artifact now, in the gateway's own figures and words.

import { h, listen, show } from "../core/dom.js";
import { bytes, clean, count, duration, rate, short } from "../core/format.js";
import { badge, empty, failure, mono, table, untrusted } from "../core/parts.js";
import { poll } from "../core/poll.js";
import { link } from "../core/route.js";

const EVERY_MS = 2_000;
const STANDINGS = { Ready: "ok", Warming: "busy", Cooling: "warn", Unhealthy: "warn", Unwanted: "idle", Excluded: "bad" };
const DISTANCES = { SameRack: "same rack", SameSite: "same site", Elsewhere: "elsewhere" };

export function open(root, { api }) {
    const ends = new AbortController();
    const trouble = h("div");
    const bar = h("form", { class: "filters", role: "search", "aria-label": "Artifact" });
    const body = h("div");
    root.append(h("h1", { class: "quiet" }, "Choice of replica"), trouble, bar, body);
    bar.addEventListener("submit", (event) => event.preventDefault(), { signal: ends.signal });

    let digest = "";
    let site = "";
    let status = null;
    let asking = null;
    let route = null;
    const sites = new Set();
    listen(
        root,
        {
            digest: (_, element) => location.replace(link(["replicas", element.value].filter(Boolean), { site })),
            site: (_, element) => location.replace(link(["replicas", digest].filter(Boolean), { site: element.value })),
        },
        ends.signal,
    );

    const draw = () => {
        for (const one of status?.providers ?? []) if (one.site) sites.add(one.site);
        show(bar, choose(status, digest, site, [...sites].sort()));
        show(
            body,
            digest === ""
                ? empty(status && status.releases.length === 0 ? "The gateway knows no release." : "Choose an artifact.")
                : route === null
                  ? empty("Asking the gateway…")
                  : route.candidates.length === 0
                    ? empty("Nobody has it.")
                    : candidates(route),
        );
    };
    const ask = async (signal) => {
        const [state, answer] = await Promise.all([
            api.get("/", signal),
            digest === ""
                ? null
                : api.get(`/v1/route/${digest}${site ? `?site=${encodeURIComponent(site)}` : ""}`, signal).catch((error) => {
                      if (error.status === 404) return { digest, candidates: [] };
                      throw error;
                  }),
        ]);
        return { state, answer };
    };
    const begin = () => {
        asking?.stop();
        asking = poll(EVERY_MS, ask, (answer, error) => {
            if (answer) [status, route] = [answer.state, answer.answer];
            show(trouble, error && failure(error, "The gateway does not say"));
            draw();
        });
    };

    return {
        title: "Replicas",
        show(parts, query) {
            [digest, site, route] = [parts[1] ?? "", query.get("site") ?? "", null];
            draw();
            begin();
        },
        close() {
            asking?.stop();
            ends.abort();
        },
    };
}

function choose(status, digest, site, sites) {
    const artifacts = (status?.releases ?? []).flatMap((release) =>
        release.artifacts.map((artifact) => [
            artifact.digest,
            [
                `${release.channel}/${release.arch} ${release.release ?? ""} ${artifact.kind}`,
                bytes(artifact.size),
                ...(release.state === "replaced" ? ["replaced"] : []),
            ].join(", "),
        ]),
    );
    const known = new Map([["", "choose …"], ...(digest ? [[digest, short(digest, 16)]] : []), ...artifacts]);
    const artifact = h(
        "select",
        { data: { act: "digest" } },
        [...known].map(([value, name]) => h("option", { value, data: { key: `digest-${value}` } }, clean(name))),
    );
    artifact.value = digest;
    const where = h(
        "select",
        { data: { act: "site" } },
        ["", ...new Set([...sites, site].filter(Boolean))].map((one) =>
            h("option", { value: one, data: { key: `site-${one}` } }, clean(one || "not known")),
        ),
    );
    where.value = site;
    return [
        h("label", { data: { key: "artifact" } }, h("span", null, "Artifact"), artifact),
        h("label", { data: { key: "site" } }, h("span", null, "Client at site"), where),
        digest && h("p", { class: "summary", data: { key: "digest" } }, mono(digest)),
    ];
}

function candidates(route) {
    const most = Math.max(1, ...route.candidates.map((one) => finite(one.cost)));
    return table(
        "Candidates, best first",
        ["Provider", "Standing", "Where", "Cost", "First byte", "Rate", "In flight", "Weight", "Sent", "Why"],
        route.candidates.map((one) => {
            const isChosen = one.provider_id === route.chosen_provider_id;
            return h(
                "tr",
                { class: isChosen ? "active" : "", data: { key: one.provider_id } },
                h(
                    "th",
                    { scope: "row" },
                    isChosen && h("span", { class: "chip ok" }, "next"),
                    " ",
                    provider(one),
                    h("div", { class: "minor" }, untrusted(one.base_url)),
                ),
                h("td", null, badge(STANDINGS[one.standing] ?? "idle", one.standing.toLowerCase())),
                h(
                    "td",
                    null,
                    untrusted([one.site, one.rack].filter(Boolean).join(" / ") || "not told"),
                    h("div", { class: "minor" }, DISTANCES[one.distance] ?? one.distance),
                ),
                h(
                    "td",
                    null,
                    one.cost === null
                        ? "may not be asked"
                        : h(
                              "span",
                              null,
                              duration(finite(one.cost)),
                              h("span", { class: "gauge", "aria-hidden": "true", style: { "--part": finite(one.cost) / most } }),
                          ),
                ),
                h(
                    "td",
                    { class: "figure" },
                    one.first_byte_milliseconds === null ? "not measured" : duration(finite(one.first_byte_milliseconds)),
                ),
                h(
                    "td",
                    { class: "figure" },
                    one.rate_bytes_per_second === null ? "not measured" : rate(finite(one.rate_bytes_per_second)),
                ),
                h("td", { class: "figure" }, `${count(one.in_flight)} + ${Math.round(finite(one.others_in_flight))}`),
                h("td", { class: "figure" }, String(one.weight)),
                h("td", { class: "figure" }, bytes(one.sent_bytes)),
                h("td", { class: "why" }, untrusted(one.reason)),
            );
        }),
    );
}

const provider = (one) =>
    one.provider_id.startsWith("ed25519:")
        ? h("a", { href: link(["providers", one.provider_id]) }, mono(short(one.provider_id, 12), one.provider_id))
        : mono(one.provider_id);

const finite = (number) => (Number.isFinite(Number(number)) ? Number(number) : 0);
