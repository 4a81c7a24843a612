// The keys chosen on this page. They are in its memory and nowhere else: a reload forgets them.

const MAX_RELEASE_KEYS = 16; // Signatures that a manifest takes.

export class Keyring extends EventTarget {
    #operator = null;
    #release = [];

    /** Signs requests; null: none was chosen. */
    get operator() {
        return this.#operator;
    }

    /** Sign releases. */
    get release() {
        return this.#release;
    }

    setOperator(key) {
        this.#operator = key;
        this.#changed();
    }

    addRelease(key) {
        this.#release = [...this.#release.filter((other) => other.keyId !== key.keyId), key].slice(-MAX_RELEASE_KEYS);
        this.#changed();
    }

    forget() {
        this.#operator = null;
        this.#release = [];
        this.#changed();
    }

    #changed() {
        this.dispatchEvent(new Event("change"));
    }
}
