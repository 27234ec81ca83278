/** Paths of the REST API, as `route`-tagged templates. */

/** A path of the API, each inserted name encoded. */
export function route(parts: TemplateStringsArray, ...names: string[]): string {
  return `/api/v0${String.raw({ raw: parts }, ...names.map(encodeURIComponent))}`
}
