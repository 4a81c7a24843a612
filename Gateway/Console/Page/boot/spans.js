// OTLP/JSON (opentelemetry-proto's JSON mapping) into a tree. It was made by machines that anybody may run, so nothing in it is believed:
// bounds are kept, loops are cut, and what is missing is shown as missing.

const MAX_SPANS = 512;

/** @returns {{spans: object[], from: bigint, until: bigint}} spans in the order of the tree, each with its depth; null: none. */
export function readTrace(document) {
    const byId = new Map();
    for (const resource of list(document?.resourceSpans)) {
        const about = attributes(resource?.resource?.attributes);
        for (const scope of list(resource?.scopeSpans)) {
            for (const span of list(scope?.spans)) {
                if (byId.size < MAX_SPANS && typeof span?.spanId === "string") byId.set(span.spanId, read(span, about));
            }
        }
    }
    const spans = [...byId.values()].filter((span) => span.start > 0n);
    if (spans.length === 0) return null;

    const children = new Map();
    const roots = [];
    for (const span of spans) {
        const isRoot = !byId.has(span.parent) || span.parent === span.id;
        if (isRoot) roots.push(span);
        else children.set(span.parent, [...(children.get(span.parent) ?? []), span]);
    }
    const ordered = [];
    const walk = (some, depth) => {
        for (const span of some.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
            if (ordered.includes(span)) continue;
            span.depth = depth;
            ordered.push(span);
            walk(children.get(span.id) ?? [], depth + 1);
        }
    };
    walk(roots, 0);
    walk(spans, 0); // Those in a loop, which no root leads to.
    return {
        spans: ordered,
        from: ordered.reduce((least, span) => (span.start < least ? span.start : least), ordered[0].start),
        until: ordered.reduce((most, span) => (span.end > most ? span.end : most), ordered[0].end),
    };
}

function read(span, about) {
    const start = nanoseconds(span.startTimeUnixNano);
    const end = nanoseconds(span.endTimeUnixNano);
    return {
        id: span.spanId,
        parent: String(span.parentSpanId ?? ""),
        name: String(span.name ?? ""),
        start,
        end: end < start ? start : end,
        service: String(about.get("service.name") ?? ""),
        host: String(about.get("host.name") ?? ""),
        depth: 0,
        isError: span.status?.code === 2 || span.status?.code === "STATUS_CODE_ERROR",
        message: String(span.status?.message ?? ""),
        attributes: attributes(span.attributes),
        events: list(span.events).map((event) => ({
            name: String(event?.name ?? ""),
            at: nanoseconds(event?.timeUnixNano),
            attributes: attributes(event?.attributes),
        })),
    };
}

const list = (value) => (Array.isArray(value) ? value : []);

function attributes(values) {
    return new Map(list(values).map((one) => [String(one?.key ?? ""), valueOf(one?.value ?? {})]));
}

const valueOf = (value) => String(value.stringValue ?? value.intValue ?? value.boolValue ?? value.doubleValue ?? JSON.stringify(value));

function nanoseconds(text) {
    return /^[0-9]{1,20}$/.test(String(text ?? "")) ? BigInt(text) : 0n;
}

export const milliseconds = (nanos) => Number(nanos) / 1e6;
