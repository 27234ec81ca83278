/** Quotes the words of a command for the shell of a host. */

/** A single word is a line already; several are quoted, so that each arrives as it is. */
export function shellLine(words: readonly string[]): string {
  const [only] = words
  return words.length === 1 && only !== undefined ? only : words.map(quoted).join(' ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
