/**
 * Topic matching as AMQP means it: words are parted by dots, `*` stands for one word, `#` for any number of them.
 *
 * Redis peers match a little differently; that is in `transports/redis/pattern.ts`.
 */

/** Says of a routing key whether a binding wants it. */
export type Matcher = (routingKey: string) => boolean

/**
 * Compiles a binding key.
 * @example matcher('simple.*')('simple.add') // true
 */
export function matcher(bindingKey: string): Matcher {
  if (!/[*#]/.test(bindingKey)) return (routingKey) => routingKey === bindingKey
  const pattern = bindingKey.split('.')
  return (routingKey) => matchWords(pattern, routingKey.split('.'))
}

/**
 * One pass, remembering the last `#` to come back to: the classic way to match globs without recursion, so that no
 * binding key can make it slow.
 */
function matchWords(pattern: readonly string[], words: readonly string[]): boolean {
  let at = 0
  let hash = -1
  let retry = 0
  let word = 0
  while (word < words.length) {
    if (pattern[at] === '#') {
      hash = at++
      retry = word
    } else if (at < pattern.length && (pattern[at] === '*' || pattern[at] === words[word])) {
      at++
      word++
    } else if (hash >= 0) {
      at = hash + 1
      word = ++retry
    } else return false
  }
  while (pattern[at] === '#') at++
  return at === pattern.length
}
