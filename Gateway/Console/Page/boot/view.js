// One boot: phases, why it failed, its trace, its console.

import { h, listen, show } from "../core/dom.js";
import { ago, clean, clock, share, short } from "../core/format.js";
import { badge, facts, failure, mono, untrusted } from "../core/parts.js";
import { poll } from "../core/poll.js";
import { link } from "../core/route.js";
import { stateOf } from "../boots/model.js";
import { phases } from "./phases.js";
import { adviceFor } from "./reasons.js";
import { readTrace } from "./spans.js";
import { waterfall } from "./waterfall.js";

const RUNNING_MS = 2_000;
const KINDS = { running: "busy", stuck: "warn", failed: "bad", lost: "bad", joined: "ok" };

export function open(root, { api, boots }) {
    const ends = new AbortController();
    const trouble = h("div");
    const head = h("div");
    const trace = h("section", { class: "panel", "aria-labelledby": "trace-title" }, h("h2", { id: "trace-title" }, "Trace"));
    const spansRoot = h("div");
    trace.append(spansRoot);
    const log = h("pre", { tabindex: "0", "aria-label": "Console of the machine" });
    const logNone = h("p", { class: "empty" });
    root.append(
        trouble,
        head,
        trace,
        h("section", { class: "panel", "aria-labelledby": "log-title" }, h("h2", { id: "log-title" }, "Console log"), log, logNone),
    );

    let id = "";
    let asking = null;
    let known = { view: null, trace: null, log: null };
    let chosen = null;

    const ask = async (signal) => {
        const [view, spans, text] = await Promise.all([
            api.get(`/v1/boots/${encodeURIComponent(id)}`, signal),
            orNothing(api.get(`/v1/boots/${encodeURIComponent(id)}/spans`, signal)),
            orNothing(api.text(`/v1/boots/${encodeURIComponent(id)}/log`, signal)),
        ]);
        return { view, trace: spans && readTrace(spans), log: text };
    };
    const told = (answer, error) => {
        known = answer ?? known;
        show(trouble, error && failure(error, known.view ? "Not up to date" : "This boot can't be shown"));
        if (known.view) draw();
    };
    const draw = () => {
        const { view } = known;
        const state = stateOf({ outcome: view.outcome, isStuck: view.is_stuck });
        show(head, heading(view, state), phases(view), why(view, state), about(view));
        show(spansRoot, waterfall(known.trace, chosen));
        const text = clean(known.log ?? "");
        if (log.textContent !== text) {
            const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
            log.textContent = text;
            if (isAtEnd) log.scrollTop = log.scrollHeight;
        }
        log.hidden = text === "";
        logNone.hidden = text !== "";
        logNone.textContent = "The machine sent no log as yet. It sends what its console said when it fails, or when it joins.";
    };
    listen(
        root,
        {
            span: (data) => {
                chosen = chosen === data.span ? null : data.span;
                draw();
            },
        },
        ends.signal,
    );
    boots.addEventListener(
        "change",
        (event) => {
            if ([...event.detail].some((boot) => boot.id === id)) asking?.again();
        },
        { signal: ends.signal },
    );
    const clockTimer = setInterval(() => known.view?.outcome === "running" && draw(), 1000);

    return {
        title: "Boot",
        show(parts) {
            id = parts[1] ?? "";
            known = { view: null, trace: null, log: null };
            chosen = null;
            asking?.stop();
            show(head, h("h1", null, "Boot ", mono(id)));
            asking = poll(RUNNING_MS, ask, told);
        },
        close() {
            clearInterval(clockTimer);
            asking?.stop();
            ends.abort();
        },
    };
}

/** What a boot has not, or a silo of an older version can't tell, is nothing to complain of. */
async function orNothing(asked) {
    try {
        return await asked;
    } catch (error) {
        if (error.status === 404) return null;
        throw error;
    }
}

const heading = (view, state) =>
    h(
        "div",
        { class: "heading", data: { key: "heading" } },
        h("p", { class: "crumbs" }, h("a", { href: link(["boots"]) }, "Live boots")),
        h("h1", null, view.machine_id ? untrusted(view.machine_id) : mono(view.boot_id.slice(0, 12))),
        badge(KINDS[state], state === "running" ? view.phase : state),
    );

function why(view, state) {
    const story =
        state === "stuck" ? `It said nothing in phase ${view.phase} since ${clock(view.updated_at)}. It may still go on.` : view.detail;
    const steps = adviceFor(view);
    if (!story && steps.length === 0) return null;
    const title = state === "stuck" ? "Stuck" : [state === "lost" ? "Lost: " : "Failed: ", untrusted(view.reason ?? "unknown")];
    return h(
        "div",
        { class: `failure ${state === "stuck" ? "warn" : ""}`, role: "alert", data: { key: "why" } },
        h("strong", null, title),
        story && h("p", { class: "detail" }, untrusted(story)),
        h(
            "ul",
            { class: "advice", "aria-label": "What to do" },
            steps.map((step) => h("li", null, marked(step))),
        ),
    );
}

/** Every second part of a text between backticks is code. */
const marked = (step) => step.split("`").map((part, index) => (index % 2 === 1 ? mono(part) : clean(part)));

const about = (view) =>
    facts(
        ["Boot", mono(view.boot_id)],
        ["Channel", untrusted(`${view.channel}/${view.arch}`)],
        [
            "Release",
            view.release === null || view.release === undefined ? "none yet" : `${view.release}`,
            view.version ? h("span", null, " · ", untrusted(view.version)) : null,
        ],
        ["Mode", view.mode],
        ["From", view.source_address ? untrusted(view.source_address) : "unknown"],
        [
            "Found",
            view.found?.length
                ? h(
                      "ul",
                      { class: "plain" },
                      view.found.map((name) => h("li", null, mono(short(name, 16), name))),
                  )
                : "nobody yet",
        ],
        [
            "Fetched from",
            view.sources?.length
                ? h(
                      "ul",
                      { class: "plain" },
                      view.sources.map((name) => h("li", null, mono(short(name, 16), name))),
                  )
                : "nobody yet",
        ],
        ["Bytes", view.bytes_total > 0 ? share(view.bytes_fetched, view.bytes_total) : "none yet"],
        ["Heard of", ago(view.updated_at)],
        view.provider && ["Became", h("a", { href: link(["providers", view.provider]) }, mono(short(view.provider, 16), view.provider))],
    );
