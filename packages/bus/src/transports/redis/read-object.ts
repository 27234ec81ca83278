/** Reads the JSON object of a kombu message, without trusting its shape. */

/** The deepest nesting of an envelope; kombu itself uses three levels. */
const DEEPEST = 32

/** Returns the object in a text; undefined for anything else, and when it is nested too deeply to be written again. */
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

/** Stops at the limit, so that deep nesting does not exceed the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}
