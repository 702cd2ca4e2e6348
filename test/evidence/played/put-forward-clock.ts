import { globSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's libfaketime, which a process is started with; null: it is not installed. */
export const faketime = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0] ?? null;

export const FAKETIME_MISSING = 'the played quarter (libfaketime is not installed)';

/** The clock of several processes, which is put forward for all of them at once. */
export type PutForwardClock = {
  now(): Date;
  /** Never back. */
  putForwardTo(moment: Date): void;
  /**
   * For a process that lives by it. `timers`: what waits for a time of it is called too. PostgreSQL's own waits are not
   * to end early.
   */
  environment(of: { timers: boolean }): Record<string, string>;
};

/**
 * Begins at a moment that lies ahead: a clock of timers can't show less than nothing. `dir` has to be open to whoever
 * reads the clock.
 */
export function putForwardClock(dir: string, begins: Date): PutForwardClock {
  if (faketime === null) throw new Error(FAKETIME_MISSING);
  const library = faketime;
  const file = join(dir, 'clock');
  let seconds = 0;
  const put = (ahead: number) => {
    if (ahead < seconds) throw new Error('this clock is never put back');
    seconds = ahead;
    // It is read at every look at the clock: it is whole, or the one before.
    writeFileSync(`${file}.new`, `+${seconds}\n`, { mode: 0o644 });
    renameSync(`${file}.new`, file);
  };
  const aheadOf = (moment: Date) => Math.ceil((moment.getTime() - Date.now()) / 1_000);
  put(aheadOf(begins));
  return {
    now: () => new Date(Date.now() + seconds * 1_000),
    putForwardTo: (moment) => put(Math.max(aheadOf(moment), seconds)),
    environment: ({ timers }) => ({
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      NO_FAKE_STAT: '1',
      ...(timers ? {} : { FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
    }),
  };
}
