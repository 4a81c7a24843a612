// A channel: its newest release, how many machines get it and how their boots went, what the others get.

import { h } from "../core/dom.js";
import { ago, bytes, clean, clock, count, percent, short } from "../core/format.js";
import { badge, bar, facts, mono, table, untrusted } from "../core/parts.js";
import { link } from "../core/route.js";

const ORIGINS = { published: "published", promoted: "promoted from", rolled_back: "rolled back to" };

export function card(slot, { counts, history, isOpen, hasKey }) {
    const name = `${slot.channel}/${slot.arch}`;
    const { current, settled, rollout } = slot;
    const stopped = rollout.is_halted ? "halted" : rollout.is_paused ? "paused" : null;
    const button = (act, title) => h("button", { type: "button", data: { act, slot: name, key: act } }, title);
    return h(
        "article",
        { class: "card", "aria-label": name, data: { key: name } },
        h(
            "header",
            null,
            h("h2", null, untrusted(name)),
            badge(
                rollout.is_halted ? "bad" : rollout.is_paused ? "warn" : rollout.percent < 100 ? "busy" : "ok",
                stopped ?? (rollout.percent < 100 ? "rolling out" : "everyone"),
            ),
        ),
        h("p", { class: "big" }, `Release ${current.release}`, " ", h("span", { class: "minor" }, untrusted(current.version))),
        h(
            "div",
            { class: "share" },
            bar(rollout.percent / 100, `${rollout.percent} percent of the machines get it`, stopped ? "warn" : ""),
            h("span", { class: "figure" }, `${rollout.percent} %`),
        ),
        rollout.is_halted &&
            h(
                "div",
                { class: "failure", role: "alert", data: { key: "halted" } },
                h("strong", null, "Halted by itself"),
                h("p", null, untrusted(rollout.halt_reason ?? ""), ` ${clock(rollout.halted_at)}`),
            ),
        facts(
            [
                "Others get",
                rollout.percent === 100 && !stopped
                    ? "the same"
                    : settled
                      ? h("span", null, `release ${settled.release} `, untrusted(settled.version))
                      : "nothing",
            ],
            counts && ["Boots of it", outcome(counts, rollout, slot)],
            [
                "Published",
                ago(current.published_at),
                current.repeats
                    ? h("span", null, `, ${ORIGINS[current.origin] ?? clean(current.origin)} `, untrusted(current.repeats))
                    : null,
            ],
            ["By", mono(short(current.published_by), current.published_by)],
            ["Expires", current.expires ? clock(current.expires) : "never"],
        ),
        h(
            "div",
            { class: "buttons", data: { key: "buttons" } },
            button("promote", "Promote …"),
            stopped ? button("resume", "Resume …") : button("pause", "Pause …"),
            button("percent", "Percent …"),
            button("rollback", "Roll back …"),
            h(
                "button",
                { type: "button", class: "plain", "aria-expanded": String(isOpen), data: { act: "history", slot: name, key: "history" } },
                "History",
            ),
        ),
        !hasKey &&
            h(
                "p",
                { class: "minor", data: { key: "locked" } },
                "Changes are signed: ",
                h("button", { type: "button", class: "link", data: { act: "keys" } }, "choose an operator's key"),
                ".",
            ),
        isOpen && history && releases(history),
    );
}

function outcome(counts, rollout, slot) {
    const of = (word) => counts.by_outcome?.[word] ?? 0;
    const [joined, failed, lost, running] = ["joined", "failed", "lost", "running"].map(of);
    const ended = joined + failed + lost;
    const rate = ended === 0 ? 0 : (failed + lost) / ended;
    const to = (state) => link(["boots"], { state, channel: `${slot.channel}/${slot.arch}`, release: slot.current.release });
    return h(
        "span",
        { class: "outcome" },
        h("a", { href: to("joined") }, `${count(joined)} joined`),
        " · ",
        h("a", { href: to("running") }, `${count(running)} running`),
        " · ",
        h("a", { href: to("failed"), class: failed > 0 ? "bad" : undefined }, `${count(failed)} failed`),
        " · ",
        h("a", { href: to("lost"), class: lost > 0 ? "bad" : undefined }, `${count(lost)} lost`),
        h(
            "span",
            { class: "minor" },
            ` ${percent(rate)} failed; it halts above ${percent(rollout.halt_failure_rate)}`,
            ` of at least ${count(rollout.minimum_boots)} boots`,
        ),
    );
}

const releases = (history) =>
    table(
        "History",
        ["Release", "Version", "How", "When", "By", "Artifacts"],
        history.map((release) =>
            h(
                "tr",
                { data: { key: String(release.release) } },
                h("th", { scope: "row" }, String(release.release)),
                h("td", null, untrusted(release.version)),
                h(
                    "td",
                    null,
                    `${ORIGINS[release.origin] ?? clean(release.origin)} `,
                    release.repeats ? untrusted(release.repeats) : null,
                ),
                h("td", null, clock(release.published_at)),
                h("td", null, mono(short(release.published_by, 8), release.published_by)),
                h(
                    "td",
                    null,
                    release.artifacts.map((artifact) =>
                        h(
                            "div",
                            null,
                            `${artifact.kind} `,
                            h("a", { href: link(["replicas", artifact.digest]) }, mono(short(artifact.digest, 8), artifact.digest)),
                            ` ${bytes(artifact.size_bytes)}`,
                        ),
                    ),
                ),
            ),
        ),
    );
