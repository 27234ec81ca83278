/** Runs `commissaire-containermgr-service`. */
import { program } from './program.ts'

await program.main()
