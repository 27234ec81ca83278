/**
 * Messages that no peer should send, after what is known of kombu's own readers (docs/reference/wire.md): each would
 * change what is stored if it were taken for what it resembles.
 */

/** A message as any broker carries it. */
export interface BadPayload {
  readonly contentType: string
  readonly headers?: Record<string, unknown>
  readonly body: string | Buffer
  /** Whether there is somebody to answer who can read an answer. */
  readonly isAnswered: boolean
}

/** Where services listen, and a method of theirs that would do harm. */
export const doors = [
  { part: 'storage', key: 'storage.save', params: ['Network', { name: 'planted' }] },
  { part: 'investigator', key: 'jobs.investigate', params: ['127.99.0.1', {}] },
  { part: 'watcher', key: 'jobs.watcher', params: ['127.99.0.1'] },
  { part: 'clusterexec', key: 'jobs.clusterexec.restart', params: ['quiet'] },
  { part: 'containermgr', key: 'container.remove_all_nodes', params: ['boxes'] },
] as const

export type Door = (typeof doors)[number]

/** The call that does the harm. */
export function callAt({ key, params }: Door, changes: Record<string, unknown> = {}): string {
  const method = key.split('.').at(-1)
  return JSON.stringify({ jsonrpc: '2.0', id: 'bad', method, params, ...changes })
}

/** Payloads in an envelope that is in order. */
export function badPayloads(door: Door): Record<string, BadPayload> {
  const json = { contentType: 'application/json', isAnswered: true }
  const call = callAt(door)
  return {
    'a pickle': { ...json, contentType: 'application/x-python-serialize', body: call },
    yaml: { ...json, contentType: 'application/x-yaml', body: call },
    msgpack: { ...json, contentType: 'application/x-msgpack', body: Buffer.from([0x81, 0xa1, 0x61, 0xff]) },
    'a content type that nobody knows': { ...json, contentType: 'no/such; type', body: call },
    'JSON that ends early': { ...json, body: call.slice(0, -5) },
    'bytes that are no text': { ...json, body: Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0]) },
    'an empty body': { ...json, body: '' },
    'a text where JSON was announced': { ...json, body: 'restart web, please' },
    'compressed, it says': { ...json, headers: { compression: 'application/x-gzip' }, body: call },
    'compressed in an unknown way': { ...json, headers: { compression: 'application/zst' }, body: call },
    'another version of JSON-RPC': { ...json, body: callAt(door, { jsonrpc: '1.0' }) },
    'no method': { ...json, body: callAt(door, { method: undefined }) },
    'a method that is a number': { ...json, body: callAt(door, { method: 7 }) },
    'a method of every object': { ...json, body: callAt(door, { method: 'constructor' }) },
    'a method that is another': { ...json, body: callAt(door, { method: 'nonsense' }) },
    'parameters that are a text': { ...json, body: callAt(door, { params: 'everything' }) },
    'brackets without end': { ...json, body: '['.repeat(200_000) },
  }
}
