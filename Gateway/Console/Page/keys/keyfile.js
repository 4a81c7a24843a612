// A private key file, as openssl and plasmd write it (PKCS#8 PEM), becomes a key that signs and can't be read again. An Ed25519 key has
// one DER encoding, so its head is compared instead of parsing ASN.1.

import { fromBase64, hex } from "./text.js";

const HEAD = "302e020100300506032b657004220420";
const SEED_BYTES = 32;
const MAX_BYTES = 16 << 10;
const ALGORITHM = { name: "Ed25519" };

export class KeyFileError extends Error {}

/** Why keys can't be used here; null: they can. */
export function obstacle() {
    return globalThis.isSecureContext && globalThis.crypto?.subtle
        ? null
        : "Browsers sign on secure pages only, and this one came over plain HTTP. Open it by https:// (the gateway's [tls] port), or as " +
              `http://localhost through a tunnel: ssh -L 8081:localhost:${location.port || 80} ${location.hostname}`;
}

/** @returns {Promise<{keyId: string, name: string, sign: (bytes: Uint8Array) => Promise<Uint8Array>}>} */
export async function readKey(file) {
    if (file.size > MAX_BYTES) throw new KeyFileError(`A key file has at most ${MAX_BYTES} bytes, this one ${file.size}.`);
    const der = readPem(await file.text());
    try {
        const keyId = `ed25519:${hex(await publicKey(der))}`;
        const key = await crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
        return Object.freeze({
            keyId,
            name: file.name,
            key,
            sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes)),
        });
    } catch (error) {
        throw error instanceof KeyFileError
            ? error
            : new KeyFileError(`This browser can't use Ed25519 keys (${error.message}); a newer one can.`);
    } finally {
        der.fill(0);
    }
}

function readPem(text) {
    const block = /-----BEGIN ([A-Z0-9 ]+)-----\s*([A-Za-z0-9+/=\s]*?)\s*-----END \1-----/.exec(text);
    if (!block) throw new KeyFileError("Expected a private key in PEM, found no PEM block.");
    if (block[1] === "ENCRYPTED PRIVATE KEY") {
        throw new KeyFileError("The key is encrypted. Decrypt it first: openssl pkey -in KEY -out PLAIN");
    }
    if (block[1] !== "PRIVATE KEY") throw new KeyFileError(`Expected a private key (PKCS#8), found a block labelled ${block[1]}.`);
    let der = new Uint8Array();
    try {
        der = fromBase64(block[2].replace(/\s/g, ""));
    } catch {
        throw new KeyFileError("The PEM block is not base64.");
    }
    if (der.length !== HEAD.length / 2 + SEED_BYTES || hex(der.subarray(0, HEAD.length / 2)) !== HEAD) {
        der.fill(0);
        throw new KeyFileError("Expected an Ed25519 key, found one of another algorithm or form.");
    }
    return der;
}

/** WebCrypto tells the public half in one way only: the exported form of a key that may be exported. That key is dropped at once. */
async function publicKey(der) {
    const readable = await crypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", readable);
    return fromBase64(x.replaceAll("-", "+").replaceAll("_", "/") + "=");
}
