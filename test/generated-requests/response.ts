/** An HTTP response as text, taken apart. */

/** A response. */
export interface Response {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Returns the last response in the text, which ends with the connection; undefined when there is none. */
export function parse(text: string): Response | undefined {
  const final = text.replace(/^HTTP\/1\.1 1\d\d[^]*?\r\n\r\n/, '')
  const [, status, lines] = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n([^]*?)\r\n\r\n/.exec(final) ?? []
  if (status === undefined || lines === undefined) return undefined
  const headers = new Headers()
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const body = final.slice(final.indexOf('\r\n\r\n') + 4)
  return {
    status: Number(status),
    headers,
    text: headers.get('transfer-encoding') === 'chunked' ? joined(body) : body,
  }
}

function joined(chunks: string): string {
  const [, size, rest] = /^([\da-f]+)\r\n([^]*)$/i.exec(chunks) ?? []
  const length = parseInt(size ?? '0', 16)
  if (!length || rest === undefined) return ''
  const bytes = Buffer.from(rest)
  return bytes.subarray(0, length).toString() + joined(bytes.subarray(length + 2).toString())
}
