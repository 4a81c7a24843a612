// /deboot/fetch/1.0.0 on js-libp2p, written from docs/wire/deboot-fetch.md: a client and a server.
import { createHash } from 'node:crypto'

export const PROTOCOL = '/deboot/fetch/1.0.0'
const MAX_MESSAGE = 4096

function frame (object) {
  const json = Buffer.from(JSON.stringify(object))
  const prefix = []
  for (let left = json.length; ; left >>= 7) {
    if (left < 0x80) { prefix.push(left); break }
    prefix.push((left & 0x7f) | 0x80)
  }
  return Buffer.concat([Buffer.from(prefix), json])
}

// Exact reads over a stream's chunks.
class Reader {
  constructor (stream) { this.chunks = stream[Symbol.asyncIterator](); this.rest = Buffer.alloc(0) }

  async some () {
    if (this.rest.length === 0) {
      const { done, value } = await this.chunks.next()
      if (done) return null
      this.rest = Buffer.from(value.subarray())
    }
    return this.rest
  }

  async byte () {
    const some = await this.some()
    if (some === null) return null
    this.rest = some.subarray(1)
    return some[0]
  }

  async exactly (count, take) {
    for (let left = count; left > 0;) {
      const some = await this.some()
      if (some === null) throw new Error(`the stream ended ${left} bytes early`)
      const part = some.subarray(0, left)
      take(part)
      this.rest = some.subarray(part.length)
      left -= part.length
    }
  }

  async message () {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = await this.byte()
      if (byte === null && shift === 0) return null
      if (byte === null || shift > 14) throw new Error('a length is malformed')
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (length > MAX_MESSAGE) throw new Error(`a message of ${length} bytes is announced`)
    const parts = []
    await this.exactly(length, (part) => parts.push(part))
    return JSON.parse(Buffer.concat(parts).toString())
  }
}

async function send (stream, bytes) { if (!stream.send(bytes)) await stream.onDrain() }

const refusal = (code, error) => frame({ ok: false, error, code })

/** Serves a manifest and artifacts: content is { manifest: Buffer, artifacts: Map<hash, Buffer> }; `cut` ends bodies that much early. */
export async function serveFetch (node, content, cut = 0) {
  await node.handle(PROTOCOL, async (stream) => {
    const reader = new Reader(stream)
    for (let request = await reader.message(); request !== null; request = await reader.message()) {
      const bytes = request.type === 'manifest' ? content.manifest : content.artifacts.get(request.hash)
      const { offset = 0, length = (bytes?.length ?? 0) - offset } = request
      if (bytes === undefined) {
        await send(stream, refusal('not_found', 'no such content'))
      } else if (offset + length > bytes.length || length < 0) {
        await send(stream, refusal('bad_range', `not within ${bytes.length} bytes`))
      } else {
        await send(stream, frame({ ok: true, size: bytes.length, offset, length, ...(request.hash && { hash: request.hash }) }))
        for (let at = offset; at < offset + length - cut; at += 65536) {
          await send(stream, bytes.subarray(at, Math.min(at + 65536, offset + length - cut)))
        }
        if (cut > 0) break
      }
    }
    await stream.close()
  }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
}

/** Sends requests one after another on one stream; returns each answer with the digest of its body. */
export async function fetchFrom (node, address, requests) {
  const stream = await node.dialProtocol(address, PROTOCOL)
  const reader = new Reader(stream)
  const answers = []
  for (const request of requests) {
    await send(stream, typeof request === 'string' ? Buffer.from(request, 'hex') : frame(request))
    const answer = await reader.message()
    const hash = createHash('sha256')
    await reader.exactly(answer.ok ? answer.length : 0, (part) => hash.update(part))
    answers.push({ ...answer, digest: hash.digest('hex') })
  }
  await stream.close()
  return answers
}
