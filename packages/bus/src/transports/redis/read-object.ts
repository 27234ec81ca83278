/** Reads the JSON object that a message of kombu is, without trusting its shape. */

/** Nested deeper than this, an envelope is no message: kombu itself nests three levels. */
const DEEPEST = 32

/** The object in a text; undefined where it is anything else, or nested too deep to be written again. */
export function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && !isDeeper(value, DEEPEST) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Looks no deeper than the bound, so that no depth exceeds the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}
