/** Runs `commissaire-containermgr-service`. */
import { program } from '../programs/containermgr.ts'

await program.main()
