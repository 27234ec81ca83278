/** Text in columns of a terminal, where a Chinese character takes two and an accent none. */
import stringWidth from 'string-width'

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** How many columns a text takes. */
export function widthOf(text: string): number {
  return stringWidth(text)
}

/** The text, or as much of its beginning as fits with an ellipsis. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width < 1) return ''
  let kept = ''
  let room = width - 1
  for (const { segment } of letters.segment(text)) {
    room -= widthOf(segment)
    if (room < 0) break
    kept += segment
  }
  return `${kept}…`
}

/** The text with spaces up to a width, at its end or before it. */
export function pad(text: string, width: number, { right = false }: { right?: boolean } = {}): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? spaces + text : text + spaces
}
