/**
 * Shell patterns: `*` any text, `?` one character, `[abc]` or `[a-c]` one of those, `[!abc]` none of those.
 */

/** Whether the whole name fits the shell pattern; upper and lower case differ. */
export function fitsPattern(name: string, pattern: string): boolean {
  try {
    return new RegExp(`^${asExpression(pattern)}$`, 's').test(name)
  } catch {
    // A range that runs backwards, such as [z-a], fits nothing.
    return false
  }
}

const token = /\*|\?|\[(!?)([^\]]+)\]|./gs

function asExpression(pattern: string): string {
  return pattern.replace(token, (text, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\[\]^]/g, '\\$&')}]`
    if (text === '*') return '.*'
    if (text === '?') return '.'
    return text.replace(/[\\^$.|+()[\]{}/]/, '\\$&')
  })
}
