/**
 * Timestamps in models: UTC, ISO 8601 with six decimals and no zone, as Python peers write them.
 */

/** A time in the models' form, `2015-12-17T15:48:18.710454`; now, unless a date is given. */
export function timestamp(date: Date = new Date()): string {
  return date.toISOString().replace('Z', '000')
}

/** Reads a time in the models' form. Undefined for an empty or malformed one. */
export function parseTimestamp(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(text)) return undefined
  // Without the zone JavaScript would take the time for a local one.
  const date = new Date(`${text}Z`)
  return Number.isNaN(date.getTime()) ? undefined : date
}
