// Asks again and again while the page is seen. One failure keeps what is shown and says so; more of them wait longer.

const MAX_WAIT_MS = 15_000;

/** @param ask async (signal) => value. @param told (value, error) is called after each turn, one of the two being null. */
export function poll(everyMs, ask, told) {
    const ends = new AbortController();
    let timer = 0;
    let failures = 0;
    let running = null;

    const turn = () => {
        clearTimeout(timer);
        running ??= once().finally(() => {
            running = null;
            if (!ends.signal.aborted) timer = setTimeout(later, Math.min(everyMs * 2 ** failures, Math.max(everyMs, MAX_WAIT_MS)));
        });
        return running;
    };
    const later = () => (document.hidden ? undefined : turn());
    const once = async () => {
        try {
            const value = await ask(ends.signal);
            if (ends.signal.aborted) return;
            failures = 0;
            told(value, null);
        } catch (error) {
            if (ends.signal.aborted) return;
            failures = Math.min(failures + 1, 6);
            told(null, error);
        }
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? undefined : turn()), { signal: ends.signal });
    turn();

    return {
        /** Now; a turn that is under way is waited for, and another begun. */
        async again() {
            await running;
            return turn();
        },
        stop() {
            clearTimeout(timer);
            ends.abort();
        },
    };
}
