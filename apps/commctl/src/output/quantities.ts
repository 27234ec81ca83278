/** Formats numbers and times for people. */

const binary = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Kilobytes, as the models have them, in the unit that makes a short number: `7.8 GiB`. */
export function kilobytes(value: unknown): string {
  if (typeof value !== 'number' || value <= 0) return '-'
  const power = Math.min(Math.floor(Math.log2(value) / 10), binary.length - 1)
  const amount = value / 1024 ** power
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${binary[power]}`
}

/** How long ago a timestamp was, in its largest unit: `12 s ago`. The models' timestamps are UTC and do not say so. */
export function ago(value: unknown, now = Date.now()): string {
  const then = timeOf(value)
  if (then === undefined) return '-'
  const seconds = Math.max(0, Math.round((now - then) / 1000))
  return `${span(seconds)} ago`
}

/** A number of seconds in its largest unit: `4 min`. */
export function span(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  const days = Math.floor(seconds / 86_400)
  return `${days} ${days === 1 ? 'day' : 'days'}`
}

/** A time by the clock of whoever reads it: `2026-11-24 08:30`. */
export function moment(value: unknown): string {
  const instant = typeof value === 'number' ? value : timeOf(value)
  if (instant === undefined) return '-'
  const local = new Date(instant - new Date(instant).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16).replace('T', ' ')
}

/** The instant that a timestamp of the models means, in milliseconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const instant = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`)
  return Number.isNaN(instant) ? undefined : instant
}
