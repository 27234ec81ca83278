/**
 * Removes control characters from text, since some of it was read on hosts, and a host must not control the terminal.
 */

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** The text with every control character made visible. */
export function printable(text: string): string {
  return text.replace(control, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
