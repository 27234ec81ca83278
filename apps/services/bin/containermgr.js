#!/usr/bin/env node
import { launch } from '@commissaire/launch'

await launch(import.meta.url, 'containermgr/main')
