import type { KeyChange } from '../store/audit-keys.ts';

/** From when to when a key has signed; `to` null: it does. Of two that follow each other both sign for a while. */
export type SigningTime = { vkey: string; from: Date; to: Date | null; entry: string };

/** Which keys signed when, in the order in which they began. A key may come back. */
export function signingTimes(changes: readonly Pick<KeyChange, 'id' | 'at' | 'keys'>[]): SigningTime[] {
  const times: SigningTime[] = [];
  for (const { id, at, keys } of changes) {
    const now = times.filter(({ to }) => to === null);
    for (const one of now) if (!keys.includes(one.vkey)) one.to = at;
    const began = keys.filter((vkey) => !now.some((one) => one.vkey === vkey));
    times.push(...began.map((vkey) => ({ vkey, from: at, to: null, entry: id })));
  }
  return times;
}
