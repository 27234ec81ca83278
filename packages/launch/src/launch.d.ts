/**
 * Runs a program: `src/<entry>.ts` as it lies in a checkout, `dist/<entry>.js` in an installed package.
 * Ends the process with status 2 and says what to do when Node itself is too old.
 *
 * @param base the `import.meta.url` of the calling file in the package's `bin` folder
 * @param entry the path of the entry module below `src` or `dist`, without extension
 */
export function launch(base: string, entry: string): Promise<void>
