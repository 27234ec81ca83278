/** Returns the headers of every response. `id` is the id of the request, which the log has too. */
export function responseHeaders(id: string): Record<string, string> {
  return { 'x-request-id': id, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
}
