// RFC 8785: no white space, members sorted by the UTF-16 code units of their names, numbers and strings as ECMAScript writes them, which
// is where the RFC has its rules from.

export function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value !== null && typeof value === "object") {
        return `{${Object.keys(value)
            .sort()
            .map((name) => `${string(name)}:${canonical(value[name])}`)
            .join(",")}}`;
    }
    if (typeof value === "string") return string(value);
    if (typeof value === "number") {
        if (!Number.isFinite(value)) throw new TypeError(`${value} has no form in JSON.`);
        return JSON.stringify(value);
    }
    if (value === null || typeof value === "boolean") return String(value);
    throw new TypeError(`A ${typeof value} has no form in JSON.`);
}

function string(text) {
    if (!text.isWellFormed()) throw new TypeError("Half a surrogate pair has no form in UTF-8.");
    return JSON.stringify(text);
}
