/** Creates a multipart/mixed file for cloud-init. */
import { randomBytes } from 'node:crypto'

/** One part of the file. */
export interface Part {
  /** Such as `text/cloud-config`; empty where the content brings its own headers. */
  readonly type: string
  /** Scripts run in the order of their names. */
  readonly name: string
  readonly content: string
}

/** The whole file. */
export function multipart(parts: readonly Part[]): string {
  const boundary = unusedBoundary(parts)
  const head = `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n`
  return `${head}${parts.map((part) => `--${boundary}\n${written(part)}\n`).join('')}--${boundary}--\n`
}

/** The part of a file that is carried along: what it is stands in its first line, else it is cloud-config. */
export function partOf(name: string, content: string): Part {
  const type = startsWithHeaders.test(content)
    ? ''
    : (beginnings.find(([begin]) => content.startsWith(begin))?.[1] ?? 'text/cloud-config')
  return { type, name, content }
}

/** The longer of two that begin alike comes first. */
const beginnings: readonly (readonly [string, string])[] = [
  ['#cloud-config-archive', 'text/cloud-config-archive'],
  ['#cloud-config', 'text/cloud-config'],
  ['#cloud-boothook', 'text/cloud-boothook'],
  ['#include-once', 'text/x-include-once-url'],
  ['#include', 'text/x-include-url'],
  ['#part-handler', 'text/part-handler'],
  ['## template: jinja', 'text/jinja2'],
  ['#!', 'text/x-shellscript'],
]

/** A file that is multipart itself: cloud-init looks into its parts. */
const startsWithHeaders = /^(?:MIME-Version|Content-Type): /i

function written({ type, name, content }: Part): string {
  if (type === '') return content.trimEnd()
  const { encoding, text } = encoded(content)
  return [
    `Content-Type: ${type}; charset="utf-8"`,
    'MIME-Version: 1.0',
    `Content-Transfer-Encoding: ${encoding}`,
    `Content-Disposition: attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`,
    '',
    text,
  ].join('\n')
}

/** As it is, so that people can read it, unless mail would not let it through unchanged. */
function encoded(content: string): { encoding: string; text: string } {
  // oxlint-disable-next-line no-control-regex -- just these are what mail lets through
  const isPlain = /^[\t\n\x20-\x7e]*$/.test(content) && !/[^\n]{900}/.test(content)
  if (isPlain) return { encoding: '7bit', text: content }
  const base64 = Buffer.from(content).toString('base64')
  return { encoding: 'base64', text: base64.replaceAll(/.{76}/g, '$&\n') }
}

function unusedBoundary(parts: readonly Part[]): string {
  for (;;) {
    const boundary = `==commissaire-${randomBytes(12).toString('hex')}==`
    if (!parts.some(({ content }) => content.includes(boundary))) return boundary
  }
}
