/** JSON output: the response of the server, with its members in their order. */

/** Writes a value as indented JSON. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value ?? null, null, 2)
}
