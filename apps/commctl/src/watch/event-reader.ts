/**
 * Reads server-sent events out of pieces of text, wherever these are cut. Pure: text goes in, events come out.
 *
 * The format is that of the HTML standard, "Interpreting an event stream".
 */

/** An event; `kind` is `message` where the server names none. */
export interface StreamEvent {
  readonly kind: string
  readonly data: string
}

/** An event that is longer than so many characters is dropped: nobody sends that. */
const LONGEST = 1_000_000

/** Keeps what has come of the event that is not whole yet. */
export class EventReader {
  #text = ''

  /** Takes in the next piece, and gives the events that are whole by it. Comments are none. */
  feed(piece: string): StreamEvent[] {
    this.#text += piece
    const blocks = this.#text.split(/\r\n\r\n|\n\n|\r\r/)
    this.#text = blocks.pop() ?? ''
    if (this.#text.length > LONGEST) this.#text = ''
    return blocks.map(read).filter((event) => event !== undefined)
  }
}

function read(block: string): StreamEvent | undefined {
  const fields = block.split(/\r\n|\n|\r/).map(field)
  const data = fields.filter(([name]) => name === 'data').map(([, value]) => value)
  if (data.length === 0) return undefined
  const kind = fields.findLast(([name]) => name === 'event')?.[1] ?? 'message'
  return { kind, data: data.join('\n') }
}

function field(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon === -1) return [line, '']
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
}
