/**
 * Topic matching as AMQP defines it: dots separate words, `*` matches one word, `#` any number of words.
 *
 * On Redis, kombu matches differently; see `transports/redis/binding.ts`.
 */

/** Returns whether a binding matches a routing key. */
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
 * Matches in one pass and backtracks to the last `#` only: the usual glob algorithm without recursion, so that no
 * binding key makes it slow.
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
