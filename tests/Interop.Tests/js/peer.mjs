// A js-libp2p node driven over stdin/stdout: one JSON command per line in, one JSON answer per line out ({"id", "ok", ...}).
// Diagnostics go to stderr. The process ends when its stdin does, so no test can leave one behind.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'

// Node 20 has no Promise.withResolvers, which libp2p 3 uses.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}

const { createLibp2p } = await import('libp2p')
const { tcp } = await import('@libp2p/tcp')
const { noise } = await import('@chainsafe/libp2p-noise')
const { yamux } = await import('@chainsafe/libp2p-yamux')
const { identify, identifyPush } = await import('@libp2p/identify')
const { ping } = await import('@libp2p/ping')
const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht')
const { multiaddr } = await import('@multiformats/multiaddr')
const { peerIdFromString } = await import('@libp2p/peer-id')
const { CID } = await import('multiformats/cid')
const { create: createDigest } = await import('multiformats/hashes/digest')
const { fetchFrom, serveFetch } = await import('./fetch.mjs')

const nodes = new Map()
const text = (bytes) => new TextDecoder().decode(bytes)
const bytes = (string) => new TextEncoder().encode(string)

// Values are "<number>:<text>"; a value that starts with "bad" is refused, the highest number wins.
const validator = async (key, value) => {
  if (text(value).startsWith('bad')) throw new Error('bad value')
}
const selector = (key, records) => {
  let best = 0
  records.forEach((record, index) => { if (parseInt(text(record)) > parseInt(text(records[best]))) best = index })
  return best
}

function block (length, seed) {
  const out = Buffer.alloc(length)
  for (let index = 0; index < length; index++) out[index] = (index * 31 + seed) & 255
  return out
}

async function sendBytes (stream, total) {
  const hash = createHash('sha256')
  const part = block(262144, 7)
  for (let left = total; left > 0; left -= part.length) {
    const chunk = left < part.length ? part.subarray(0, left) : part
    hash.update(chunk)
    if (!stream.send(chunk)) await stream.onDrain()
  }
  await stream.close()
  return hash.digest('hex')
}

async function receiveBytes (stream) {
  const hash = createHash('sha256')
  let total = 0
  for await (const chunk of stream) {
    for (const part of (chunk instanceof Uint8Array ? [chunk] : chunk)) hash.update(part)
    total += chunk.byteLength
  }
  return { digest: hash.digest('hex'), bytes: total }
}

// Without digests, which would be most of the work: what the benchmark measures is the connection.
async function floodBytes (stream, total) {
  const part = block(262144, 7)
  for (let left = total; left > 0; left -= part.length) {
    if (!stream.send(left < part.length ? part.subarray(0, left) : part)) await stream.onDrain()
  }
  await stream.close()
}

async function countBytes (stream) {
  let total = 0
  for await (const chunk of stream) total += chunk.byteLength
  return total
}

const received = new Map()

const commands = {
  async start ({ name = 'main', dht = false, server = true }) {
    const services = { identify: identify(), identifyPush: identifyPush(), ping: ping() }
    if (dht) {
      services.dht = kadDHT({
        protocol: '/phase/kad/1.0.0',
        clientMode: !server,
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        validators: { phase: validator },
        selectors: { phase: selector }
      })
    }
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: { maxConnections: 500, inboundConnectionThreshold: 500, maxIncomingPendingConnections: 100 },
      services
    })
    // /echo: everything back. /sink: counts and hashes. /source: the dialler names a size, gets that many bytes.
    await node.handle('/phase/echo/1.0.0', async (stream) => {
      for await (const chunk of stream) { if (!stream.send(chunk)) await stream.onDrain() }
      await stream.close()
    }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
    await node.handle('/phase/sink/1.0.0', async (stream) => {
      const result = await receiveBytes(stream)
      stream.send(bytes(`${result.digest} ${result.bytes}`))
      await stream.close()
    }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
    await node.handle('/phase/source/1.0.0', async (stream) => {
      let request = ''
      for await (const chunk of stream) request += text(chunk.subarray())
      const digest = await sendBytes(stream, parseInt(request))
      received.set('source', digest)
    }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
    // /drain: counts. /flood: the dialler names a size, gets that many bytes.
    await node.handle('/phase/drain/1.0.0', async (stream) => {
      stream.send(bytes(String(await countBytes(stream))))
      await stream.close()
    })
    await node.handle('/phase/flood/1.0.0', async (stream) => {
      let request = ''
      for await (const chunk of stream) request += text(chunk.subarray())
      await floodBytes(stream, parseInt(request))
    })
    nodes.set(name, node)
    return { peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) }
  },
  async stop ({ name = 'main' }) {
    await nodes.get(name).stop()
    nodes.delete(name)
    return {}
  },
  async dial ({ name = 'main', address }) {
    const connection = await nodes.get(name).dial(multiaddr(address))
    return { peer: connection.remotePeer.toString() }
  },
  async ping ({ name = 'main', address }) {
    return { milliseconds: await nodes.get(name).services.ping.ping(multiaddr(address)) }
  },
  async identify ({ name = 'main', address }) {
    const node = nodes.get(name)
    const connection = await node.dial(multiaddr(address))
    const result = await node.services.identify.identify(connection)
    return {
      agent: result.agentVersion,
      protocolVersion: result.protocolVersion,
      protocols: result.protocols,
      addresses: result.listenAddrs.map(String),
      observed: result.observedAddr?.toString()
    }
  },
  async known ({ name = 'main', peer }) {
    const known = await nodes.get(name).peerStore.get(peerIdFromString(peer))
    return { protocols: known.protocols }
  },
  async send ({ name = 'main', address, bytes: total }) {
    const stream = await nodes.get(name).dialProtocol(multiaddr(address), '/phase/sink/1.0.0')
    const start = performance.now()
    const digest = await sendBytes(stream, total)
    let answer = ''
    for await (const chunk of stream) answer += text(chunk.subarray())
    return { digest, answer, milliseconds: performance.now() - start }
  },
  async fetch ({ name = 'main', address, bytes: total }) {
    const stream = await nodes.get(name).dialProtocol(multiaddr(address), '/phase/source/1.0.0')
    const start = performance.now()
    stream.send(bytes(String(total)))
    await stream.close()
    const result = await receiveBytes(stream)
    return { ...result, milliseconds: performance.now() - start }
  },
  // Serves a manifest of 777 bytes and an artifact of that many, named by its digest.
  async serveContent ({ name = 'main', bytes: total, cut = 0 }) {
    const artifact = block(total, 7)
    const hash = `sha256:${createHash('sha256').update(artifact).digest('hex')}`
    await serveFetch(nodes.get(name), { manifest: block(777, 9), artifacts: new Map([[hash, artifact]]) }, cut)
    return { hash }
  },
  async fetchContent ({ name = 'main', address, requests }) {
    return { answers: await fetchFrom(nodes.get(name), multiaddr(address), requests) }
  },
  async echoes ({ name = 'main', address, count }) {
    const node = nodes.get(name)
    const connection = await node.dial(multiaddr(address))
    const results = await Promise.all(Array.from({ length: count }, async (_, index) => {
      const stream = await connection.newStream('/phase/echo/1.0.0')
      const sent = block(5000 + index, index)
      stream.send(sent)
      await stream.close()
      const parts = []
      for await (const chunk of stream) parts.push(Buffer.from(chunk.subarray()))
      return Buffer.concat(parts).equals(sent)
    }))
    return { equal: results.filter(Boolean).length }
  },
  async push ({ name = 'main', address, bytes: total }) {
    const stream = await nodes.get(name).dialProtocol(multiaddr(address), '/phase/drain/1.0.0')
    const start = performance.now()
    await floodBytes(stream, total)
    let answer = ''
    for await (const chunk of stream) answer += text(chunk.subarray())
    return { bytes: parseInt(answer), milliseconds: performance.now() - start }
  },
  async pull ({ name = 'main', address, bytes: total }) {
    const stream = await nodes.get(name).dialProtocol(multiaddr(address), '/phase/flood/1.0.0')
    const start = performance.now()
    stream.send(bytes(String(total)))
    await stream.close()
    return { bytes: await countBytes(stream), milliseconds: performance.now() - start }
  },
  // Dials every address count times, all addresses side by side; a dial ends when the peer has said who it is.
  async handshakes ({ name = 'main', addresses, count }) {
    const node = nodes.get(name)
    const waiting = new Map()
    const identified = (event) => { waiting.get(event.detail.peerId.toString())?.() }
    node.addEventListener('peer:identify', identified)
    const start = performance.now()
    await Promise.all(addresses.map(async (address) => {
      const target = multiaddr(address)
      const peer = address.split('/p2p/')[1]
      for (let index = 0; index < count; index++) {
        const known = new Promise((resolve) => waiting.set(peer, resolve))
        const connection = await node.dial(target, { force: true })
        await known
        await connection.close()
      }
    }))
    node.removeEventListener('peer:identify', identified)
    return { milliseconds: performance.now() - start }
  },
  async put ({ name = 'main', key, value }) {
    let answered = 0
    for await (const event of nodes.get(name).services.dht.put(bytes(key), bytes(value))) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') answered++
    }
    return { answered }
  },
  async get ({ name = 'main', key }) {
    const values = []
    for await (const event of nodes.get(name).services.dht.get(bytes(key))) {
      if (event.name === 'VALUE') { values.push(text(event.value)) }
    }
    let best = values.length > 0 ? values[0] : null
    for (const value of values) { if (parseInt(value) > parseInt(best)) best = value }
    return { value: best }
  },
  async provide ({ name = 'main', digest }) {
    const cid = CID.createV1(0x55, createDigest(0x12, Buffer.from(digest, 'hex')))
    let told = 0
    for await (const event of nodes.get(name).services.dht.provide(cid)) {
      if (event.name === 'PEER_RESPONSE' || event.name === 'SEND_QUERY') told++
    }
    return { told }
  },
  async providers ({ name = 'main', digest }) {
    const cid = CID.createV1(0x55, createDigest(0x12, Buffer.from(digest, 'hex')))
    const found = new Set()
    for await (const event of nodes.get(name).services.dht.findProviders(cid)) {
      if (event.name === 'PROVIDER') event.providers.forEach((provider) => found.add(provider.id.toString()))
    }
    return { providers: [...found] }
  },
  async firstProvider ({ name = 'main', digest }) {
    const cid = CID.createV1(0x55, createDigest(0x12, Buffer.from(digest, 'hex')))
    for await (const event of nodes.get(name).services.dht.findProviders(cid)) {
      if (event.name === 'PROVIDER' && event.providers.length > 0) return { provider: event.providers[0].id.toString() }
    }
    return { provider: null }
  },
  async findPeer ({ name = 'main', peer }) {
    for await (const event of nodes.get(name).services.dht.findPeer(peerIdFromString(peer))) {
      if (event.name === 'FINAL_PEER') return { addresses: event.peer.multiaddrs.map(String) }
    }
    return { addresses: [] }
  },
  async names () {
    return { names: [...nodes.keys()] }
  },
  // Looks for its own neighbourhood, as it would by itself within minutes.
  async join ({ name = 'main' }) {
    const node = nodes.get(name)
    let heard = 0
    for await (const event of node.services.dht.getClosestPeers(node.peerId.toMultihash().bytes)) {
      if (event.name === 'PEER_RESPONSE') heard++
    }
    return { heard }
  },
  async table ({ name = 'main' }) {
    return { size: nodes.get(name).services.dht.routingTable.size, mode: nodes.get(name).services.dht.getMode() }
  }
}

const answer = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const { id, command, ...args } = JSON.parse(line)
  try {
    const start = performance.now()
    const result = await commands[command](args)
    answer({ id, ok: true, milliseconds: performance.now() - start, ...result })
  } catch (error) {
    answer({ id, ok: false, error: `${error.name}: ${error.message}` })
  }
})
lines.on('close', () => process.exit(0))
process.on('uncaughtException', (error) => console.error('uncaught', error))
process.on('unhandledRejection', (error) => console.error('unhandled', error))
