// Follows /v1/boots/stream: server-sent events by fetch, since EventSource tells neither a status nor a problem. After a break it goes
// on with Last-Event-ID at whatever silo the gateway reaches.

import { ApiError } from "./api.js";

const SILENCE_MS = 40_000; // The silo says something at least every 15 s.
const HIDDEN_MS = 60_000; // A browser has few connections for one host; a page that nobody sees gives its one back.
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 5_000;
const MAX_EVENT_LENGTH = 1 << 20;

export class Feed {
    #api;
    #on;
    #last = "";
    #ends = null;
    #hidden = 0;

    /** @param on {event(sequence, data), state(isConnected, since, error), gap()}: gap() tells that events may be missing. */
    constructor(api, on) {
        this.#api = api;
        this.#on = on;
        this.isConnected = false;
        this.since = new Date();
        this.error = null;
        document.addEventListener("visibilitychange", () => this.#visibility());
    }

    start() {
        if (this.#ends) return;
        this.#ends = new AbortController();
        this.#run(this.#ends.signal);
    }

    #visibility() {
        clearTimeout(this.#hidden);
        if (document.hidden) {
            this.#hidden = setTimeout(() => {
                this.#ends?.abort();
                this.#ends = null;
            }, HIDDEN_MS);
        } else {
            this.start();
        }
    }

    async #run(signal) {
        let wait = FIRST_WAIT_MS;
        while (!signal.aborted) {
            let error = null;
            try {
                await this.#follow(signal, () => (wait = FIRST_WAIT_MS));
            } catch (caught) {
                error = caught;
            }
            if (signal.aborted) break;
            this.#tell(false, error ?? new ApiError("unreachable", { path: "/v1/boots/stream", detail: "the stream ended" }));
            const asked = (error?.retryAfter ?? 0) * 1000;
            await new Promise((done) => setTimeout(done, Math.max(asked, wait * (0.75 + Math.random() / 2))));
            wait = Math.min(wait * 2, MAX_WAIT_MS);
        }
        this.#tell(false, null);
    }

    async #follow(outer, begun) {
        const inner = new AbortController();
        const signal = AbortSignal.any([outer, inner.signal]);
        let watchdog = 0;
        const alive = () => {
            clearTimeout(watchdog);
            watchdog = setTimeout(() => inner.abort(), SILENCE_MS);
        };
        try {
            const response = await this.#api.stream("/v1/boots/stream", this.#last ? { "Last-Event-ID": this.#last } : {}, signal);
            if (!this.#last || Date.now() - this.since > HIDDEN_MS) this.#on.gap();
            begun();
            this.#tell(true, null);
            alive();
            await this.#parse(response.body.pipeThrough(new TextDecoderStream()).getReader(), alive);
        } finally {
            clearTimeout(watchdog);
            inner.abort();
        }
    }

    async #parse(reader, alive) {
        let rest = "";
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            alive();
            const blocks = (rest + value).split("\n\n");
            rest = blocks.pop();
            if (rest.length > MAX_EVENT_LENGTH)
                throw new ApiError("garbled", { path: "/v1/boots/stream", detail: "an event is longer than 1 MiB" });
            for (const block of blocks) this.#event(block);
        }
    }

    #event(block) {
        let id = null;
        let data = "";
        for (const line of block.split("\n")) {
            if (line.startsWith("id:")) id = line.slice(3).trim();
            else if (line.startsWith("data:")) data += line.slice(5).trimStart();
        }
        if (!data) return;
        let told;
        try {
            told = JSON.parse(data);
        } catch (error) {
            throw new ApiError("garbled", { path: "/v1/boots/stream", detail: error.message });
        }
        if (id) this.#last = id;
        if (told.boot?.boot_id) this.#on.event(told);
    }

    #tell(isConnected, error) {
        if (this.isConnected !== isConnected) this.since = new Date();
        this.isConnected = isConnected;
        this.error = error;
        this.#on.state(isConnected, this.since, error);
    }
}
