// Deep links: #/view/part/part?name=value.

export function parse(hash) {
    const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
    return { parts: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

export function link(parts, query) {
    const named = Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined);
    const search = new URLSearchParams(named).toString();
    return `#/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

function decode(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part; // Somebody typed a lone percent sign.
    }
}
