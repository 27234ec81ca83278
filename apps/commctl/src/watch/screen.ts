/** Shows progress: redrawn in place on a terminal, one line for each change elsewhere. */
import type { WriteStream } from 'node:tty'
import { changesOf, frameOf, summaryOf } from './frame.ts'
import type { Progress } from './progress.ts'

/** Where progress is shown. */
export interface Screen {
  show(progress: Progress, note?: string): void
}

/** A screen on standard output or standard error. */
export function screenOn(stream: WriteStream): Screen {
  return stream.isTTY ? terminalScreen(stream) : lineScreen(stream)
}

function terminalScreen(stream: WriteStream): Screen {
  let drawn = 0
  return {
    show(progress, note) {
      const { columns, rows } = stream
      const frame = frameOf(progress, { columns, rows, note })
      const home = drawn > 0 ? `\u001b[${drawn}A` : ''
      stream.write(`${home}${frame.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`)
      drawn = frame.length
    },
  }
}

function lineScreen(stream: WriteStream): Screen {
  let before: Progress | undefined
  let noted: string | undefined
  return {
    show(progress, note) {
      const lines = changesOf(progress, before)
      if (note !== undefined && note !== noted) lines.push(note)
      if (progress.over) lines.push(summaryOf(progress))
      for (const line of lines) stream.write(`${line}\n`)
      before = progress
      noted = note
    },
  }
}
