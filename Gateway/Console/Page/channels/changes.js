// What an operator can change in a channel, each with what it will do in words and figures.

import { h } from "../core/dom.js";
import { bytes, clean, clock, short } from "../core/format.js";
import { draft, fetchManifest, nextNumber, sign } from "../keys/release.js";

/** @param slot a channel as /v1/channels shows it. */
const nameOf = (slot) => `${slot.channel}/${slot.arch}`;
const pathOf = (slot) => `/v1/channels/${slot.channel}/${slot.arch}`;

export const pause = (slot, context) =>
    rollout(slot, context, {
        title: `Pause the rollout of ${nameOf(slot)}`,
        button: "Pause the rollout",
        body: { paused: true },
        lines: [
            `No machine that boots gets release ${slot.current.release} (${clean(slot.current.version)}) until the rollout is resumed.`,
            instead(slot.settled, "They get"),
        ],
        done: `The rollout of ${nameOf(slot)} is paused.`,
    });

export const resume = (slot, context) =>
    rollout(slot, context, {
        title: `Resume the rollout of ${nameOf(slot)}`,
        button: "Resume the rollout",
        body: { paused: false },
        lines: [
            `${slot.rollout.percent} % of the machines get release ${slot.current.release} (${clean(slot.current.version)}) again.`,
            "Boots are counted anew; earlier failures no longer count towards halting it.",
        ],
        done: `The rollout of ${nameOf(slot)} goes on.`,
    });

export function percent(slot, { api, keyring }) {
    return {
        title: `Rollout of ${nameOf(slot)}`,
        values: { percent: String(slot.rollout.percent) },
        fields: (values) => percentField(values, "Share of the machines"),
        plan(values) {
            const share = shareOf(values.percent);
            return {
                lines: [
                    h(
                        "span",
                        null,
                        `Machines that get release ${slot.current.release} (${clean(slot.current.version)}): `,
                        h("strong", null, `${slot.rollout.percent} % → ${share ?? "?"} %`),
                    ),
                    share === 100 ? "Every machine gets it." : instead(slot.settled, "The others get"),
                    (slot.rollout.is_paused || slot.rollout.is_halted) &&
                        "The rollout stays as it is otherwise: paused or halted until it is resumed.",
                ].filter(Boolean),
                warnings: [],
                missing: [share === null && "A whole number from 0 to 100.", operatorKey(keyring)].filter(Boolean),
                button: `Set to ${share ?? "?"} %`,
                async run() {
                    await api.change("PUT", `${pathOf(slot)}/rollout`, { percent: share });
                    return `${nameOf(slot)}: ${share} % of the machines get release ${slot.current.release}.`;
                },
            };
        },
    };
}

export function promote(slot, sources, context) {
    const from = sources[0]?.channel ?? "";
    return {
        title: `Promote to ${nameOf(slot)}`,
        values: { from, percent: "100" },
        fields: (values) => [
            choice(
                "from",
                "What which channel has",
                sources.map((source) => [
                    source.channel,
                    `${nameOf(source)}: release ${source.current.release}, ${source.current.version}`,
                ]),
                values.from,
            ),
            percentField(values, "Share of the machines at first"),
        ],
        async plan(values) {
            const source = sources.find((one) => one.channel === values.from);
            if (!source) throw new Error(`No other channel has a release for ${slot.arch}; there is nothing to promote.`);
            const made = await repeated(slot, (await context.api.get(pathOf(source))).current, values, context);
            return {
                ...made,
                run: () => made.publish("promote", `?percent=${made.share}&from=${encodeURIComponent(source.channel)}`),
                button: `Promote release ${made.number} to ${made.share ?? "?"} %`,
            };
        },
    };
}

export function rollBack(slot, history, context) {
    const earlier = history.slice(1);
    return {
        title: `Roll ${nameOf(slot)} back`,
        values: { to: String(earlier[0]?.release ?? ""), percent: "100" },
        fields: (values) => [
            choice(
                "to",
                "Release to repeat",
                earlier.map((release) => [
                    String(release.release),
                    `${release.release}, ${release.version}, ${clock(release.published_at)}`,
                ]),
                values.to,
            ),
            percentField(values, "Share of the machines at first"),
        ],
        async plan(values) {
            const release = earlier.find((one) => String(one.release) === values.to);
            if (!release) throw new Error(`${nameOf(slot)} remembers no earlier release; there is nothing to go back to.`);
            const made = await repeated(slot, release, values, context);
            return {
                ...made,
                lines: [`Machines refuse lower numbers, so release ${release.release} comes back as ${made.number}.`, ...made.lines],
                run: () => made.publish("rollback", `?percent=${made.share}`),
                button: `Roll back to ${release.release} as release ${made.number}`,
            };
        },
    };
}

/** A new release with the artifacts of another, not yet signed. */
async function repeated(slot, release, values, { api, keyring }) {
    const now = new Date();
    const [source, { releases: history }] = await Promise.all([fetchManifest(api, release.manifest), api.get(`${pathOf(slot)}/history`)]);
    const manifest = draft(source, { channel: slot.channel, arch: slot.arch, release: nextNumber(history, source, slot.channel), now });
    const share = shareOf(values.percent);
    const newest = history[0];
    const trusted = slot.trusted_keys ?? [];
    const others = instead(isEveryones(slot) ? slot.current : slot.settled, "The others get");
    return {
        share,
        number: manifest.release,
        lines: [
            h(
                "span",
                null,
                `${nameOf(slot)}: `,
                h("strong", null, `release ${newest?.release ?? "none"} → ${manifest.release}`),
                ` (${clean(newest?.version ?? "")} → ${clean(manifest.version)})`,
            ),
            ...Object.entries(manifest.artifacts).map(([kind, artifact]) =>
                h(
                    "span",
                    null,
                    `${kind}: `,
                    h("code", null, short(artifact.hash, 16)),
                    ` ${bytes(artifact.size)}`,
                    sameAs(newest, kind, artifact),
                ),
            ),
            share === 100 ? "Every machine that boots gets it." : `${share ?? "?"} % of the machines get it at first. ${others}`,
            manifest.expires ? `It expires ${clock(manifest.expires)}.` : "It does not expire.",
            `Signed by ${names(keyring.release)}; sent by ${names([keyring.operator])}.`,
        ],
        warnings: [
            source.expires && !manifest.expires && `What is repeated expired ${clock(source.expires)}; the new one has no expiry.`,
            keyring.release.length > 0 &&
                trusted.length > 0 &&
                !keyring.release.some((key) => trusted.includes(key.keyId)) &&
                "None of the chosen release keys is one that the channel trusts.",
        ].filter(Boolean),
        missing: [
            share === null && "A whole number from 0 to 100.",
            operatorKey(keyring),
            keyring.release.length === 0 &&
                "A release key, to sign the new manifest with: machines boot only what one they trust has signed.",
        ].filter(Boolean),
        async publish(verb, query) {
            const published = await api.change("POST", `${pathOf(slot)}/${verb}${query}`, await sign(manifest, keyring.release));
            return `${nameOf(slot)} has release ${published.release}, ${clean(published.version)}, for ${share} % of the machines.`;
        },
    };
}

const rollout = (slot, { api, keyring }, { title, button, body, lines, done }) => ({
    title,
    values: {},
    fields: () => [],
    plan: () => ({
        lines: [...lines, `Sent by ${names([keyring.operator])}.`],
        warnings: [],
        missing: [operatorKey(keyring)].filter(Boolean),
        button,
        async run() {
            await api.change("PUT", `${pathOf(slot)}/rollout`, body);
            return done;
        },
    }),
});

const operatorKey = (keyring) => !keyring.operator && "An operator's key, to sign the request with.";

const names = (keys) =>
    keys
        .filter(Boolean)
        .map((key) => short(key.keyId))
        .join(", ") || "nobody yet";

/** What machines without the newest release boot: the last one that everybody got. */
const instead = (settled, who) =>
    settled
        ? `${who} release ${settled.release} (${clean(settled.version)}).`
        : `${who} nothing to boot from this fleet: no earlier release ever went to every machine.`;

const isEveryones = ({ rollout }) => rollout.percent === 100 && !rollout.is_paused && !rollout.is_halted;

function sameAs(newest, kind, artifact) {
    const now = newest?.artifacts.find((one) => one.kind === kind);
    return now?.digest === artifact.hash ? ", as now" : ", new";
}

function shareOf(text) {
    return /^(?:100|[0-9]{1,2})$/.test(text.trim()) ? Number(text) : null;
}

const percentField = (values, title) =>
    h(
        "label",
        { data: { key: "percent" } },
        h("span", null, title),
        h("input", {
            type: "number",
            min: "0",
            max: "100",
            step: "1",
            inputmode: "numeric",
            value: values.percent,
            data: { act: "field", name: "percent" },
        }),
    );

function choice(name, title, choices, chosen) {
    const select = h(
        "select",
        { data: { act: "field", name } },
        choices.map(([value, word]) => h("option", { value, data: { key: value } }, clean(word))),
    );
    select.value = chosen;
    return h("label", { data: { key: name } }, h("span", null, title), select);
}
