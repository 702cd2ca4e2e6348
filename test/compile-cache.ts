import { resolve } from 'node:path';

/**
 * More of the environment of a program that a test starts: Node keeps what it compiled, and the next start is shorter.
 */
export const compileCache = { NODE_COMPILE_CACHE: resolve('node_modules/.cache/latchkey-tests') };
