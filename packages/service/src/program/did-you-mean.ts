/** Suggests the correct spelling of an unknown word. Used for methods, arguments, keys and flags. */

/** Returns the candidates most similar to a word, best first; none when no candidate is similar. */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const maxDistance = Math.min(word.length - 1, Math.max(1, Math.floor(word.length / 3)))
  return [...candidates]
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((each) => each.distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map((each) => each.candidate)
}

/** Returns `; did you mean "x"?` for the end of a message, or an empty string. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const [best] = nearest(word, candidates, 1)
  return best === undefined ? '' : `; did you mean "${best}"?`
}

/** The Damerau-Levenshtein distance of two words. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 16 || a.length > 128) return Infinity
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const changed = at(previous, column - 1) + (same ? 0 : 1)
      const cheapest = Math.min(changed, at(previous, column) + 1, at(current, column - 1) + 1)
      current.push(swapped ? Math.min(cheapest, at(before, column - 2) + 1) : cheapest)
    }
    before = previous
    previous = current
  }
  return at(previous, b.length)
}

const at = (numbers: readonly number[], index: number): number => numbers[index] ?? Infinity
