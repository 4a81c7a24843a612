// Live boots: funnel, filters, table.

import { h, listen, show, text } from "../core/dom.js";
import { count, rate } from "../core/format.js";
import { failure } from "../core/parts.js";
import { link } from "../core/route.js";
import { filters } from "./filters.js";
import { ordered, predicate, SORTS } from "./filter.js";
import { census, funnel } from "./funnel.js";
import { BootTable } from "./table.js";

const RELIST_MS = 250;
const DETAILS_AT_ONCE = 3;

export function open(root, { api, boots, announce }) {
    const ends = new AbortController();
    const trouble = h("div");
    const top = h("div", { class: "funnels" });
    const bar = h("form", { class: "filters", role: "search", "aria-label": "Boots" });
    const summary = h("p", { class: "summary" });
    const none = h("p", { class: "empty" });
    const table = new BootTable((seen) => askDetails(seen));
    root.append(h("h1", { class: "quiet" }, "Live boots"), trouble, top, bar, summary, table.root, none);
    root.classList.add("fills");

    let query = new URLSearchParams();
    let sort = "created";
    let listedAt = 0;
    let timer = 0;

    const go = (changes) => location.replace(link(["boots"], { ...Object.fromEntries(query), ...changes }));
    listen(
        root,
        {
            filter: (data, element) => go({ [data.name]: element.value }),
            clear: () => go(Object.fromEntries([...query.keys()].filter((name) => name !== "sort").map((name) => [name, ""]))),
            sort: (data) => go({ sort: data.sort === "created" ? "" : data.sort }),
        },
        ends.signal,
    );
    bar.addEventListener("submit", (event) => event.preventDefault(), { signal: ends.signal });

    const relist = () => {
        clearTimeout(timer);
        timer = 0;
        listedAt = performance.now();
        const figures = census(boots.all);
        const isWanted = predicate(query);
        const wanted = ordered([...boots.all].filter(isWanted), sort);
        show(trouble, boots.error && failure(boots.error, "The list of boots could not be read"));
        show(top, funnel(figures, query));
        show(bar, filters(boots.all, query));
        text(
            summary,
            `${count(wanted.length)} of ${count(boots.size)} boots: those that run, and those of the last hour` +
                `${figures.rate > 0 ? ` · ${rate(figures.rate)} in all` : ""}`,
        );
        text(
            none,
            wanted.length > 0
                ? ""
                : !boots.isLoaded
                  ? boots.error
                      ? ""
                      : "Reading the boots…"
                  : boots.size === 0
                    ? "No machine boots now, and none did within the last hour."
                    : "No boot is as the filters want it.",
        );
        none.hidden = none.textContent === "";
        table.root.hidden = wanted.length === 0;
        table.sortedBy(sort);
        table.setBoots(wanted);
    };
    const changed = (event) => {
        table.update(event.detail);
        const wait = RELIST_MS - (performance.now() - listedAt);
        if (wait <= 0) relist();
        else timer ||= setTimeout(relist, wait);
    };
    boots.addEventListener("change", changed, { signal: ends.signal });
    const clock = setInterval(() => table.tick(), 1000);

    // The feed says neither from whom a boot fetches nor its story; that is asked for of rows that are seen.
    let waiting = [];
    let asking = 0;
    const askDetails = (seen) => {
        waiting = seen.filter((boot) => !boot.isDetailed && (boot.total > 0 || boot.reason));
        pump();
    };
    const pump = async () => {
        while (asking < DETAILS_AT_ONCE && waiting.length > 0) {
            const boot = waiting.shift();
            if (boot.isDetailed) continue;
            boot.isDetailed = true;
            asking++;
            api.get(`/v1/boots/${boot.id}`, ends.signal)
                .then(
                    (view) => boots.detail(view),
                    () => (boot.isDetailed = ends.signal.aborted ? false : boot.isDetailed),
                )
                .finally(() => {
                    asking--;
                    if (!ends.signal.aborted) pump();
                });
        }
    };

    boots.load();
    let said = "";
    return {
        title: "Boots",
        show(parts, given) {
            query = given;
            sort = query.get("sort") in SORTS ? query.get("sort") : "created";
            query.delete("sort");
            if (sort !== "created") query.set("sort", sort);
            relist();
            const filtered = String(query);
            if (filtered !== said) announce(summary.textContent);
            said = filtered;
        },
        close() {
            clearInterval(clock);
            clearTimeout(timer);
            table.resize.disconnect();
            root.classList.remove("fills");
            ends.abort();
        },
    };
}
