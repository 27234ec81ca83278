/** JSON for programs: what the server said, members in its order. */

/** Writes a value as indented JSON. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value ?? null, null, 2)
}
