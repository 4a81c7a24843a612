// A manifest of this page's making with another release's artifacts, as plasmd channel promote and rollback make it.

import { canonical } from "./canonical.js";
import { base64, hex, sha256 } from "./text.js";

const encoder = new TextEncoder();
const KINDS = ["kernel", "initramfs", "rootfs"];
const FIELDS = ["hash", "size", "path", "chunk_size", "chunks"];

/** The published bytes of a manifest, which must be those of its digest. */
export async function fetchManifest(api, digest) {
    const bytes = await api.bytes(`/v1/manifests/${digest}`);
    const found = `sha256:${hex(await sha256(bytes))}`;
    if (found !== digest) throw new Error(`Asked for manifest ${digest}, got one with digest ${found}. Nothing was signed.`);
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

/** The number that a channel's next release needs: above all it remembers, and not below that of what it repeats. */
export function nextNumber(history, source, channel) {
    const highest = Math.max(0, ...history.map((release) => release.release));
    return Math.max(highest + 1, source.channel === channel ? 1 : (source.release ?? 1));
}

/** The document that is to be signed. */
export function draft(source, { channel, arch, release, now }) {
    const manifest = { version: source.version, manifest_version: 1, channel, arch, release, created: seconds(now) };
    if (source.expires && new Date(source.expires) > now) manifest.expires = seconds(new Date(source.expires));
    if (source.cmdline !== undefined) manifest.cmdline = source.cmdline;
    manifest.artifacts = pick(source.artifacts, KINDS, (artifact) => pick(artifact, FIELDS, (value) => value));
    return manifest;
}

/** @returns the signed manifest's bytes, laid out as plasmd does. */
export async function sign(manifest, signers) {
    const bytes = encoder.encode(canonical(manifest));
    const signatures = [];
    for (const signer of signers) signatures.push({ keyid: signer.keyId, sig: base64(await signer.sign(bytes)) });
    return encoder.encode(`${JSON.stringify({ ...manifest, signatures }, null, 2)}\n`);
}

const seconds = (time) => `${time.toISOString().slice(0, 19)}Z`;

function pick(from, names, change) {
    const picked = {};
    for (const name of names) if (Object.hasOwn(from, name)) picked[name] = change(from[name]);
    return picked;
}
