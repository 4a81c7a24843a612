// The fleet's machinery: this gateway, the silos, artifacts with too few replicas, who may operate.

import { h, show } from "../core/dom.js";
import { ago, bytes, clean, count, duration, short } from "../core/format.js";
import { badge, empty, facts, failure, mono, table, time, untrusted } from "../core/parts.js";
import { poll } from "../core/poll.js";
import { link } from "../core/route.js";

const EVERY_MS = 4_000;
const GATEWAY = { serving: "ok", starting: "busy", draining: "warn" };
const SILOS = { active: "ok", lost: "bad", left: "idle", superseded: "idle" };

export function open(root, { api }) {
    const sections = Object.fromEntries(
        ["gateway", "cluster", "artifacts", "fleet"].map((name) => [name, h("section", { class: "panel" })]),
    );
    root.append(h("h1", { class: "quiet" }, "Fleet"), h("div", { class: "panels" }, Object.values(sections)));
    const last = {};
    const part = (name, title, ask, draw) =>
        poll(EVERY_MS, ask, (answer, error) => {
            last[name] = answer ?? last[name];
            show(
                sections[name],
                h("h2", { data: { key: "title" } }, title),
                error && failure(error, last[name] ? "Not up to date" : "Not known"),
                last[name] !== undefined && draw(last[name]),
            );
        });
    const asking = [
        part(
            "gateway",
            "This gateway",
            async (signal) => {
                const [status, admission] = await Promise.all([api.get("/", signal), api.get("/v1/admission", signal)]);
                return { status, admission };
            },
            gateway,
        ),
        part("cluster", "Silos", (signal) => api.get("/v1/cluster", signal), cluster),
        part(
            "artifacts",
            "Artifacts with too few replicas",
            (signal) => api.get("/v1/artifacts?under_replicated=true&limit=200", signal),
            artifacts,
        ),
        part("fleet", "Who may", (signal) => api.get("/v1/fleet", signal), policy),
    ];
    return { title: "Fleet", show() {}, close: () => asking.forEach((one) => one.stop()) };
}

function gateway({ status, admission }) {
    const age = status.snapshot_age_seconds;
    return [
        age > 0 &&
            h(
                "div",
                { class: "failure warn", role: "alert", data: { key: "age" } },
                h("strong", null, "Nobody answers the gateway"),
                h(
                    "p",
                    null,
                    `It goes on with what it knows, which is ${duration(age * 1000)} old. See the runbooks SiloDown and DatabaseAway.`,
                ),
            ),
        facts(
            ["State", badge(GATEWAY[status.state] ?? "idle", status.state)],
            ["Version", untrusted(status.version)],
            ["Up for", duration(status.uptime_seconds * 1000)],
            ["Knowledge", age > 0 ? `${duration(age * 1000)} old` : "up to date"],
            ["Releases", count(status.releases.filter((release) => release.state === "serving").length)],
            ["Providers", `${count(status.providers.filter((one) => one.healthy).length)} of ${count(status.providers.length)} healthy`],
            [
                "Downloads",
                `${count(admission.active)} of ${count(admission.limits.streams)}`,
                admission.slow > 0 ? `, ${count(admission.slow)} slow ones besides` : "",
            ],
            ["Waiting", `${count(admission.waiting)} of ${count(admission.limits.waiting)}`],
            ["Refused", count(admission.refused), " since the start"],
            ["Sent", bytes(status.load.bytes_sent)],
            ["Connections", count(status.load.connections)],
        ),
    ];
}

const cluster = ({ silos, answered_by: by }) =>
    silos.length === 0
        ? empty("No silo is a member.")
        : table(
              "Silos",
              ["Silo", "State", "Address", "Version", "Since", "Lease"],
              silos.map((silo) =>
                  h(
                      "tr",
                      { data: { key: `${silo.name}.${silo.generation}` } },
                      h(
                          "th",
                          { scope: "row" },
                          untrusted(silo.name),
                          silo.name === by && h("span", { class: "minor" }, " answers"),
                      ),
                      h("td", null, badge(SILOS[silo.status] ?? "idle", silo.status)),
                      h("td", null, untrusted(silo.address)),
                      h("td", null, untrusted(silo.version)),
                      h("td", null, time(silo.started_at)),
                      h(
                          "td",
                          { class: "figure" },
                          silo.lease_seconds > 0 ? duration(silo.lease_seconds * 1000) : `ended ${ago(silo.last_seen_at)}`,
                      ),
                  ),
              ),
          );

const artifacts = ({ artifacts: all }) =>
    all.length === 0
        ? empty("None: every artifact that a channel offers has as many live replicas as it should.")
        : table(
              "Artifacts",
              ["Artifact", "Channels", "Size", "Live", "Wanted"],
              all.map((one) =>
                  h(
                      "tr",
                      { data: { key: one.digest } },
                      h(
                          "th",
                          { scope: "row" },
                          `${one.kind} `,
                          h("a", { href: link(["replicas", one.digest]) }, mono(short(one.digest, 12))),
                      ),
                      h("td", null, untrusted(one.channels.join(", "))),
                      h("td", { class: "figure" }, bytes(one.size_bytes)),
                      h(
                          "td",
                          { class: "figure" },
                          badge((one.replicas_live ?? 0) === 0 ? "bad" : "warn", count(one.replicas_live)),
                      ),
                      h("td", { class: "figure" }, count(one.replicas_wanted)),
                  ),
              ),
          );

const policy = ({ policy: word, operators, configured_operators: configured }) =>
    facts(
        [
            "Joins",
            {
                open: "everyone",
                ticket: "who booted from this fleet, or brings a token",
                token: "who brings a token",
                approve: "whom an operator approves",
            }[word] ?? clean(word),
        ],
        [
            "Operators",
            h(
                "ul",
                { class: "plain" },
                configured.map((key) => h("li", null, mono(short(key, 16), key), h("span", { class: "minor" }, " by configuration"))),
                operators.map((one) =>
                    h("li", null, mono(short(one.key, 16), one.key), one.name && h("span", { class: "minor" }, " ", untrusted(one.name))),
                ),
            ),
        ],
    );
