/** Collects one stream of a command: keeps the first bytes up to a limit, and passes on whole lines as they come. */
import { StringDecoder } from 'node:string_decoder'

/** A line longer than this is handed out in pieces, so that a host cannot fill our memory with one line. */
const longestLine = 64 * 1024

/** How a stream is collected. */
export interface OutputOptions {
  /** Bytes that are kept. */
  readonly limit: number
  readonly onLine?: ((line: string) => void) | undefined
  /** Called once, with the first byte beyond the limit. */
  readonly onOverflow?: (() => void) | undefined
}

/** One stream. */
export class Output {
  readonly #options: OutputOptions
  readonly #kept: Buffer[] = []
  readonly #decoder = new StringDecoder('utf8')
  #size = 0
  #rest = ''
  truncated = false

  constructor(options: OutputOptions) {
    this.#options = options
  }

  /** Takes a piece in, and gives the number of lines that were handed out. */
  add(chunk: Buffer): number {
    this.#keep(chunk)
    return this.#options.onLine ? this.#split(this.#decoder.write(chunk)) : 0
  }

  /** Hands out an unfinished last line. */
  end(): void {
    const last = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (last) this.#options.onLine?.(last)
  }

  text(): string {
    return Buffer.concat(this.#kept).toString('utf8')
  }

  #keep(chunk: Buffer): void {
    const room = this.#options.limit - this.#size
    if (room > 0) {
      this.#kept.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      this.#size += Math.min(chunk.length, room)
    }
    if (chunk.length <= room || this.truncated) return
    this.truncated = true
    this.#options.onOverflow?.()
  }

  #split(text: string): number {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#options.onLine?.(line.replace(/\r$/, ''))
    if (this.#rest.length < longestLine) return lines.length
    this.#options.onLine?.(this.#rest)
    this.#rest = ''
    return lines.length + 1
  }
}
