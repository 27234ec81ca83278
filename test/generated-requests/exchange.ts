/** Sends one request as it is written, over a socket of its own, and reads the response. */
import { connect } from 'node:net'
import { parse, type Response } from './response.ts'
import type { GeneratedRequest } from './requests.ts'

/** How long a response may take, in milliseconds. */
const TIMEOUT = 30_000

/** The most bytes of a response that are read. */
const LIMIT = 4 * 2 ** 20

/** Returns the response; a stream of events is left after its head. Throws when there is none within 30 s. */
export function exchange(url: URL, request: GeneratedRequest, authorization: string): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const socket = connect({ host: url.hostname, port: Number(url.port) })
  let received = ''
  const end = (): void => {
    socket.destroy()
    const response = parse(received)
    if (response) resolve(response)
    else reject(new Error(`no response, but ${JSON.stringify(received.slice(0, 200))}`))
  }
  socket.setEncoding('utf8').setTimeout(TIMEOUT)
  socket.on('data', (text: string) => {
    received += text
    if (received.length > LIMIT || /^content-type: text\/event-stream/im.test(received)) end()
  })
  socket.on('timeout', () => socket.destroy(new Error(`no response within ${TIMEOUT} ms`)))
  socket.on('error', (error) => (received === '' ? reject(error) : end()))
  socket.on('close', end)
  socket.write(written(request, authorization))
  return promise
}

function written({ method, target, headers, body }: GeneratedRequest, authorization: string): string {
  const all: Record<string, string> = { host: '127.0.0.1', authorization, connection: 'close', ...headers }
  if (body !== undefined && !('content-length' in all) && !('transfer-encoding' in all))
    all['content-length'] = String(Buffer.byteLength(body))
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}
