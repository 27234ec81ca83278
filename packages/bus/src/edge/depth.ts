/** Measures how deeply arrays and objects of a JSON text are nested, without parsing it. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Returns whether the nesting of a JSON text exceeds a limit. Reads the text once, byte by byte, unless it is too short
 * to exceed the limit. Text that is not JSON is measured too; the parser reports it.
 */
export function isDeeperThan(bytes: Uint8Array, limit: number): boolean {
  if (bytes.length <= limit) return false
  let depth = 0
  let inText = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (inText) {
      if (byte === BACKSLASH) index++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      if (++depth > limit) return true
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--
  }
  return false
}
