// The boots that this page knows: those that run, and those that ended within the last hour.

const KEEP_MS = 3_600_000;
const MAX_BOOTS = 20_000;
const PAGE = 1000;
const RETRY_MS = 3_000;

/** In order; a boot passes each once. */
export const PHASES = ["created", "discovered", "manifest", "fetching", "verified", "kexec", "joined"];

export class BootModel extends EventTarget {
    #api;
    #boots = new Map();
    #changed = new Set();
    #loading = null;
    #frame = 0;
    #begun;
    #hasAsked = false;

    /** @param begun a promise: what happens from then on the feed tells, so that one reading is enough. */
    constructor(api, begun) {
        super();
        this.#api = api;
        this.#begun = begun;
        this.isLoaded = false;
        /** What the last loading failed with. */
        this.error = null;
        setInterval(() => this.#prune(), 10_000);
    }

    get all() {
        return this.#boots.values();
    }

    get size() {
        return this.#boots.size;
    }

    find(id) {
        return this.#boots.get(id);
    }

    /** Reads the boots once; again after gap(). */
    load() {
        this.#loading ??= this.#load().catch((error) => {
            this.error = error;
            this.#loading = null;
            setTimeout(() => this.load(), RETRY_MS);
            this.#schedule();
        });
        return this.#loading;
    }

    /** Events may have been missed. */
    gap() {
        if (!this.#hasAsked) return;
        this.#loading = null;
        this.load();
    }

    /** An event of the feed: the boot after it, in short. */
    apply({ at, boot: told }) {
        const boot = this.#of(told.boot_id);
        const was = boot.phase;
        assign(boot, told);
        boot.updatedAt = Date.parse(at) || Date.now();
        boot.isStuck = told.what === "stuck";
        boot.heardAt = performance.now();
        if (was !== boot.phase) boot.isDetailed = false;
        this.#touch(boot);
    }

    /** A boot as the API shows it, with its sources and story. */
    detail(view) {
        const boot = this.#of(view.boot_id);
        Object.assign(boot, { sources: view.sources ?? [], detail: view.detail ?? "", isDetailed: true });
        this.#touch(boot);
    }

    async #load() {
        await this.#begun;
        this.#hasAsked = true;
        const since = new Date(Date.now() - KEEP_MS).toISOString();
        for (const query of ["state=running", `since=${encodeURIComponent(since)}`]) {
            let after = null;
            let read = 0;
            do {
                const asked = performance.now();
                const next = after === null ? "" : `&after=${encodeURIComponent(after)}`;
                const page = await this.#api.get(`/v1/boots?limit=${PAGE}&${query}${next}`);
                for (const view of page.boots) this.#take(view, asked);
                after = page.next ?? null;
                read += page.boots.length;
            } while (after !== null && read < MAX_BOOTS);
        }
        this.isLoaded = true;
        this.error = null;
        this.#schedule();
    }

    /** What the feed said since the page was asked for is newer than the page. */
    #take(view, asked) {
        const boot = this.#of(view.boot_id);
        if (!(boot.heardAt >= asked)) {
            assign(boot, view);
            boot.updatedAt = Date.parse(view.updated_at) || 0;
            boot.isStuck = view.is_stuck;
        }
        this.detail(view);
    }

    #of(id) {
        let boot = this.#boots.get(id);
        if (!boot) {
            boot = { id, sources: [], detail: "", isDetailed: false, isStuck: false, updatedAt: 0, createdAt: 0 };
            this.#boots.set(id, boot);
        }
        return boot;
    }

    #touch(boot) {
        boot.haystack = null;
        this.#changed.add(boot);
        this.#schedule();
    }

    /** However many events come, those who show them hear of it once a frame. */
    #schedule() {
        this.#frame ||= requestAnimationFrame(() => {
            this.#frame = 0;
            const changed = this.#changed;
            this.#changed = new Set();
            this.dispatchEvent(new CustomEvent("change", { detail: changed }));
        });
    }

    #prune() {
        const oldest = Date.now() - KEEP_MS;
        let surplus = this.#boots.size - MAX_BOOTS;
        for (const [id, boot] of this.#boots) {
            if (boot.outcome === "running" || (boot.updatedAt >= oldest && surplus <= 0)) continue;
            this.#boots.delete(id);
            surplus--;
            this.#schedule();
        }
    }
}

/** What events and views have in common. */
function assign(boot, told) {
    boot.phase = told.phase;
    boot.outcome = told.outcome;
    boot.machine = told.machine_id ?? "";
    boot.slot = `${told.channel}/${told.arch}`;
    boot.release = told.release ?? null;
    boot.fetched = told.bytes_fetched ?? 0;
    boot.total = told.bytes_total ?? 0;
    boot.rate = told.outcome === "running" && told.phase === "fetching" ? (told.bytes_per_second ?? 0) : 0;
    boot.reason = told.reason ?? "";
    boot.provider = told.provider ?? "";
    boot.createdAt = Date.parse(told.created_at) || 0;
}

/** running, stuck, failed, lost or joined. */
export const stateOf = (boot) => (boot.isStuck && boot.outcome === "running" ? "stuck" : (boot.outcome ?? "running"));

export const needsAttention = (boot) => boot.outcome === "failed" || boot.outcome === "lost" || stateOf(boot) === "stuck";

/** How far it came: 0 to 1, phases being steps of the same length, bytes counting within fetching. */
export function progressOf(boot) {
    if (boot.outcome === "joined") return 1;
    const step = Math.max(0, PHASES.indexOf(boot.phase === "failed" ? reached(boot) : boot.phase));
    const within = PHASES[step] === "fetching" && boot.total > 0 ? Math.min(1, boot.fetched / boot.total) : 0;
    return (step + within) / (PHASES.length - 1);
}

const reached = (boot) => (boot.total > 0 && boot.fetched >= boot.total ? "verified" : boot.total > 0 ? "fetching" : "created");
