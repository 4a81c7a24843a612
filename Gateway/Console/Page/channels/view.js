// Release channels: what machines get, how its rollout goes, and the buttons to change that.

import { h, listen, show } from "../core/dom.js";
import { failure, empty } from "../core/parts.js";
import { poll } from "../core/poll.js";
import { link } from "../core/route.js";
import { card } from "./card.js";
import { pause, percent, promote, resume, rollBack } from "./changes.js";

const EVERY_MS = 2_500;
const MAX_CHANNELS = 1_000;
const MAX_COUNTED = 24; // Each asks the silos once more.

export function open(root, context) {
    const { api, keyring, change } = context;
    const ends = new AbortController();
    const trouble = h("div");
    const body = h("div");
    root.append(h("h1", { class: "quiet" }, "Release channels"), trouble, body);

    let channels = null;
    let counts = new Map();
    let histories = new Map();
    let chosen = "";

    const draw = () =>
        show(
            body,
            channels === null
                ? empty("Reading the channels…")
                : channels.length === 0
                  ? empty("Nothing was ever published. Publish a signed manifest: plasmd channel publish stable/x86_64 manifest.json")
                  : h(
                        "div",
                        { class: "cards" },
                        channels.map((slot) =>
                            card(slot, {
                                counts: counts.get(nameOf(slot)),
                                history: histories.get(nameOf(slot)),
                                isOpen: nameOf(slot) === chosen,
                                hasKey: keyring.operator !== null,
                            }),
                        ),
                    ),
        );

    const ask = async (signal) => {
        const all = await api.list("/v1/channels?limit=1000", "channels", MAX_CHANNELS, signal);
        const counted = await Promise.all(
            all
                .slice(0, MAX_COUNTED)
                .map(async (slot) => [
                    nameOf(slot),
                    await api.get(
                        `/v1/boots/counts?channel=${encodeURIComponent(slot.channel)}&arch=${slot.arch}&release=${slot.current.release}` +
                            `&since=${encodeURIComponent(slot.rollout.counted_from)}`,
                        signal,
                    ),
                ]),
        );
        const history =
            chosen && all.some((slot) => nameOf(slot) === chosen)
                ? [[chosen, (await api.get(`/v1/channels/${chosen}/history`, signal)).releases]]
                : [];
        return { all, counted, history };
    };
    const asking = poll(EVERY_MS, ask, (answer, error) => {
        if (answer) [channels, counts, histories] = [answer.all, new Map(answer.counted), new Map(answer.history)];
        show(trouble, error && failure(error, channels ? "Not up to date" : "The channels could not be read"));
        if (channels) draw();
    });

    const find = (data) => channels.find((slot) => nameOf(slot) === data.slot);
    const begin = (made) => change.open({ ...made, closed: () => asking.again() });
    listen(
        root,
        {
            pause: (data) => begin(pause(find(data), context)),
            resume: (data) => begin(resume(find(data), context)),
            percent: (data) => begin(percent(find(data), context)),
            promote: (data) => {
                const slot = find(data);
                begin(
                    promote(
                        slot,
                        channels.filter((other) => other.arch === slot.arch && other.channel !== slot.channel),
                        context,
                    ),
                );
            },
            rollback: async (data) => {
                const slot = find(data);
                try {
                    begin(rollBack(slot, (await api.get(`/v1/channels/${data.slot}/history`, ends.signal)).releases, context));
                } catch (error) {
                    if (!ends.signal.aborted) show(trouble, failure(error, "The history could not be read"));
                }
            },
            history: (data) => (location.hash = link(["channels", ...(chosen === data.slot ? [] : data.slot.split("/"))])),
            keys: () => context.keys.open(),
        },
        ends.signal,
    );
    keyring.addEventListener("change", draw, { signal: ends.signal });

    return {
        title: "Channels",
        show(parts) {
            chosen = parts.length >= 3 ? `${parts[1]}/${parts[2]}` : "";
            draw();
            asking.again();
        },
        close() {
            asking.stop();
            ends.abort();
        },
    };
}

const nameOf = (slot) => `${slot.channel}/${slot.arch}`;
