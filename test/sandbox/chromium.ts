import { existsSync } from 'node:fs';
import { describe } from 'vitest';

export const CHROMIUM = '/usr/bin/chromium';

/** Without these, Chromium looks up hosts of its own at every start. */
export const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Where pictures are kept. */
export const ARTEFACTS = 'test/artefacts';
export const NARROW = { width: 390, height: 844 };

/**
 * How long a browser may take for what it is asked, in milliseconds.
 * No promise of ours: with four test files beside it on two cores, Chromium takes many times as long as alone.
 */
export const PATIENCE = 30_000;

const isThere = existsSync(CHROMIUM);
if (!isThere && process.env.CI === 'true')
  throw new Error('CI has to run the browser suite: install chromium');

/** A suite that needs a browser. It says so where it steps aside for want of one; in CI it fails instead. */
export function describeInBrowser(name: string, suite: () => void): void {
  describe.skipIf(!isThere)(isThere ? name : `${name} (left out: no Chromium on this machine)`, suite);
}
