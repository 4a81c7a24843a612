// Figures and texts as people read them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count) {
    let value = Number(count) || 0;
    let unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
        value /= 1024;
        unit++;
    }
    return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export const rate = (perSecond) => (perSecond > 0 ? `${bytes(perSecond)}/s` : "");
export const count = (number) => Number(number ?? 0).toLocaleString("en-US");
export const percent = (part) => `${Math.round(part * 1000) / 10} %`;

export function duration(milliseconds) {
    const ms = Math.max(0, milliseconds);
    if (ms < 1) return ms === 0 ? "0 s" : `${ms.toFixed(2)} ms`;
    if (ms < 1000) return `${Math.round(ms)} ms`;
    const seconds = ms / 1000;
    if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** In one unit, for columns. */
export function brief(milliseconds) {
    const seconds = Math.max(0, milliseconds) / 1000;
    if (seconds < 100) return `${Math.floor(seconds)} s`;
    if (seconds < 6000) return `${Math.floor(seconds / 60)} min`;
    return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** 57 of 412 MiB. */
export function share(part, whole) {
    const [a, unit] = bytes(part).split(" ");
    const [b, other] = bytes(whole).split(" ");
    return unit === other ? `${a} of ${b} ${other}` : `${a} ${unit} of ${b} ${other}`;
}

const two = (number) => String(number).padStart(2, "0");

/** Local time of day; with the date when that is not today. */
export function clock(time) {
    const at = new Date(time);
    if (Number.isNaN(at.getTime())) return "";
    const hours = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    const isToday = at.toDateString() === new Date().toDateString();
    return isToday ? hours : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${hours}`;
}

export const ago = (time) => (time ? `${duration(Date.now() - new Date(time).getTime())} ago` : "never");

/** sha256:0123456789ab… and ed25519:0123456789ab…; other texts as they are, cut. */
export function short(id, length = 12) {
    const value = String(id ?? "");
    const named = /^(sha256|ed25519):([0-9a-f]{64})$/.exec(value);
    if (named) return `${named[1]}:${named[2].slice(0, length)}…`;
    return value.length > 64 ? `${value.slice(0, 63)}…` : value;
}

/** An address without what every source has. */
export const source = (name) =>
    short(
        String(name)
            .replace(/^https?:\/\//, "")
            .replace(/\/$/, ""),
        8,
    );

// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// Control characters, and those that reorder or hide the text around them.
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** What others wrote, safe to be read: nothing in it can hide or turn around what stands beside it. */
export const clean = (untrusted) =>
    String(untrusted ?? "")
        .replace(/\r\n/g, "\n")
        .replace(ESCAPES, "")
        .replace(INVISIBLE, "\ufffd");
