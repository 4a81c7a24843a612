// Calls of the silos' API and of the gateway's own, signed where there is a key. Whatever goes wrong becomes an ApiError.

import { signRequest } from "../keys/request.js";

const TIMEOUT_MS = 15_000;
const PROBLEM = "urn:phasemesh:problem:";
const encoder = new TextEncoder();

export class ApiError extends Error {
    /** @param kind "unreachable", "slow", "refused" or "garbled". */
    constructor(kind, { status = 0, slug = "", detail = "", retryAfter = 0, method = "GET", path = "" } = {}) {
        super(detail || kind);
        Object.assign(this, { kind, status, slug, detail, retryAfter, method, path });
    }
}

export class Api {
    #keyring;
    #signsReads = false;

    constructor(keyring) {
        this.#keyring = keyring;
    }

    async get(path, signal) {
        return this.#json(await this.#read(path, {}, signal), path);
    }

    async text(path, signal) {
        return (await this.#read(path, {}, signal)).text();
    }

    async bytes(path, signal) {
        return new Uint8Array(await (await this.#read(path, {}, signal)).arrayBuffer());
    }

    /** All pages of a list. */
    async list(path, name, most, signal) {
        const items = [];
        let after = null;
        do {
            const joint = path.includes("?") ? "&" : "?";
            const page = await this.get(after === null ? path : `${path}${joint}after=${encodeURIComponent(after)}`, signal);
            items.push(...(page[name] ?? []));
            after = page.next ?? null;
        } while (after !== null && items.length < most);
        return items.slice(0, most);
    }

    /** A response whose body goes on; the signal is all that ends it. */
    stream(path, headers, signal) {
        return this.#read(path, { Accept: "text/event-stream", ...headers }, signal, true);
    }

    /** A signed change. @param body bytes, or what becomes JSON. */
    async change(method, path, body) {
        const bytes = body instanceof Uint8Array ? body : encoder.encode(body === undefined ? "" : JSON.stringify(body));
        const headers = await signRequest(this.#keyring.operator, method, targetOf(path), bytes);
        if (bytes.length > 0) headers["Content-Type"] = "application/json";
        const response = await this.#send(method, path, { method, headers, body: bytes.length > 0 ? bytes : undefined });
        return response.status === 204 ? null : this.#json(response, path);
    }

    async #read(path, headers, signal, endless = false) {
        const attempt = async () => this.#send("GET", path, { headers: { ...headers, ...(await this.#signature(path)) } }, signal, endless);
        try {
            return await attempt();
        } catch (error) {
            // A fleet with closed reads: from now on each is signed, if there is a key to do it with.
            if (error.slug !== "not-signed" || this.#signsReads || !this.#keyring.operator) throw error;
            this.#signsReads = true;
            return attempt();
        }
    }

    async #signature(path) {
        return this.#signsReads && this.#keyring.operator
            ? signRequest(this.#keyring.operator, "GET", targetOf(path), new Uint8Array())
            : {};
    }

    async #send(method, path, init, signal, endless = false) {
        const limit = endless ? new AbortController() : null;
        const timer = limit ? setTimeout(() => limit.abort(new DOMException("", "TimeoutError")), TIMEOUT_MS) : 0;
        const ends = [signal, limit ? limit.signal : AbortSignal.timeout(TIMEOUT_MS)].filter(Boolean);
        let response;
        try {
            response = await fetch(path, {
                ...init,
                signal: AbortSignal.any(ends),
                cache: "no-store",
                credentials: "omit",
                redirect: "error",
                referrerPolicy: "no-referrer",
            });
        } catch (error) {
            if (signal?.aborted) throw error;
            throw new ApiError(error.name === "TimeoutError" ? "slow" : "unreachable", { method, path, detail: error.message });
        } finally {
            clearTimeout(timer);
        }
        if (!response.ok) throw await this.#problem(response, method, path);
        return response;
    }

    async #problem(response, method, path) {
        let problem = {};
        try {
            problem = await response.json();
        } catch {
            // No problem document; the status has to say it.
        }
        const type = String(problem.type ?? "");
        return new ApiError("refused", {
            method,
            path,
            status: response.status,
            slug: type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : "",
            detail: String(problem.detail ?? problem.title ?? ""),
            retryAfter: Number(response.headers.get("Retry-After")) || 0,
        });
    }

    async #json(response, path) {
        try {
            return await response.json();
        } catch (error) {
            throw new ApiError(error.name === "TimeoutError" ? "slow" : "garbled", { path, detail: error.message });
        }
    }
}

/** Path and query as they stand on the request line, which is what is signed. */
function targetOf(path) {
    const url = new URL(path, location.origin);
    return url.pathname + url.search;
}
