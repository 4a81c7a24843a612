// Signed requests, docs/wire/signed-requests.md.

import { base64, hex, sha256 } from "./text.js";

const NONCE_BYTES = 16;

/** @param target path and query as on the request line. @returns the four headers. */
export async function signRequest(signer, method, target, body) {
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    const nonce = hex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    const signed = ["phase-request-1", method, target, hex(await sha256(body)), time, nonce].join("\n");
    return {
        "Phase-Key": signer.keyId,
        "Phase-Time": time,
        "Phase-Nonce": nonce,
        "Phase-Signature": base64(await signer.sign(new TextEncoder().encode(signed))),
    };
}
