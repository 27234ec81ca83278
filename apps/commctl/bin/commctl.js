#!/usr/bin/env node
/** Starts `commctl`. A cache of compiled code in the user's own cache folder halves the time until it does something. */
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { launch } from '@commissaire/launch'

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
module.enableCompileCache?.(join(cache, 'commissaire', 'compiled'))
await launch(import.meta.url, 'main')
