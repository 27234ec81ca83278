/** Quoting for a POSIX shell: what stands between single quotes means itself. */

/** The text as one word of a shell command. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
