/** Faults, chosen by a seed: what dies, stands still or becomes slow, and for how long. All of them heal. */
import { setTimeout as pause } from 'node:timers/promises'
import type { FakeHost } from '@commissaire/hosts/testing'
import type { Standing, World } from '../scenarios/worlds/world.ts'
import type { Program } from '../scenarios/worlds/program.ts'

/** Returns the next number of 0 up to, and without, 1. */
export type Random = () => number

/** A fault; it resolves when it has healed. */
export interface Fault {
  readonly name: string
  readonly inflict: () => Promise<void>
}

/** Chooses the next fault. */
export function nextFault(world: World, hosts: readonly FakeHost[], random: Random): Fault {
  const kind = kinds[Math.floor(random() * kinds.length)] ?? kill
  return kind({ world, hosts, random }) ?? kill({ world, hosts, random }) ?? fail('there is nothing to kill')
}

interface Scene {
  readonly world: World
  readonly hosts: readonly FakeHost[]
  readonly random: Random
}

type Kind = (scene: Scene) => Fault | undefined

function oneOf<T>(things: readonly T[], random: Random): T | undefined {
  return things[Math.floor(random() * things.length)]
}

function process({ world, random }: Scene): { name: string; program: Program } | undefined {
  const all = [...(world.programs ?? [])].flatMap(([part, programs]) =>
    programs.map((program, index) => ({
      name: `${part}${programs.length > 1 ? ` ${index + 1}` : ''}`,
      program,
    })),
  )
  return oneOf(all, random)
}

const kill: Kind = (scene) => {
  const found = process(scene)
  return (
    found && {
      name: `kill ${found.name}`,
      async inflict() {
        await found.program.kill()
        await found.program.start()
      },
    }
  )
}

const replace: Kind = (scene) => {
  const found = process(scene)
  return (
    found && {
      name: `replace ${found.name}`,
      async inflict() {
        await found.program.kill('SIGTERM')
        await found.program.start()
      },
    }
  )
}

const stop: Kind = (scene) => {
  const found = process(scene)
  const ms = Math.round(500 + scene.random() * 5500)
  return (
    found && {
      name: `stop ${found.name} for ${ms} ms`,
      async inflict() {
        found.program.signal('SIGSTOP')
        await pause(ms)
        found.program.signal('SIGCONT')
      },
    }
  )
}

const killStanding: Kind = ({ world, random }) => {
  const found = standing(world, random)
  return (
    found && {
      name: `kill the ${found.name}`,
      async inflict() {
        await found.server.kill()
        await found.server.resume()
      },
    }
  )
}

const stopStanding: Kind = ({ world, random }) => {
  const found = standing(world, random)
  const ms = Math.round(500 + random() * 3500)
  return (
    found && {
      name: `stop the ${found.name} for ${ms} ms`,
      async inflict() {
        found.server.signal('SIGSTOP')
        await pause(ms)
        found.server.signal('SIGCONT')
      },
    }
  )
}

function standing({ standings = {} }: World, random: Random): { name: string; server: Standing } | undefined {
  const all = Object.entries(standings).map(([name, server]) => ({ name, server }))
  return oneOf(all, random)
}

/** The link to a host is cut, or half open. */
const cutOff: Kind = ({ hosts, random }) => {
  const host = oneOf(hosts, random)
  const failure = oneOf(['silent', 'drops', 'hangs'] as const, random)
  const ms = Math.round(500 + random() * 2500)
  return (
    host && {
      name: `${host.address} ${failure} for ${ms} ms`,
      async inflict() {
        host.failure = failure
        await pause(ms)
        host.failure = undefined
      },
    }
  )
}

const slow: Kind = ({ hosts, random }) => {
  const host = oneOf(hosts, random)
  return (
    host && {
      name: `${host.address} answers after 400 ms, for 3 s`,
      async inflict() {
        host.latency = 400
        await pause(3000)
        host.latency = 0
      },
    }
  )
}

const kinds: readonly Kind[] = [kill, kill, replace, stop, killStanding, stopStanding, cutOff, slow]

function fail(why: string): never {
  throw new Error(why)
}
