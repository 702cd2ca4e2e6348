/** Who was missed in a team at the looks before this one. */
export type MissedBefore = {
  /** At the last look. */
  seenIds: readonly string[];
  /** At the last two looks. */
  personIds: readonly string[];
  isTold: boolean;
};

/**
 * What a look comes to.
 * - `nothing`: nobody is missed, as before
 * - `note`: kept for the next look, and told to nobody new
 * - `tell`: the message is made, or made right
 * - `mend`: the message says that everybody is there
 * - `forget`: it was over before it was told
 */
export type MissedNow = { act: 'nothing' | 'note' | 'tell' | 'mend' | 'forget'; personIds: string[] };

/**
 * Pure. A group and its team are read one after the other, and a connector takes its time. So only who is missed at two
 * looks in a row is told of.
 */
export function missedNow(before: MissedBefore | null, nowIds: readonly string[]): MissedNow {
  if (before === null) return { act: nowIds.length === 0 ? 'nothing' : 'note', personIds: [] };
  const personIds = nowIds.filter((id) => before.seenIds.includes(id));
  if (before.isTold) {
    if (nowIds.length === 0) return { act: 'mend', personIds: [...before.personIds] };
    const isSame =
      personIds.length === before.personIds.length && personIds.every((id) => before.personIds.includes(id));
    // All who were told of are there, and others are missed for the first time: the message waits a look.
    return isSame || personIds.length === 0
      ? { act: 'note', personIds: [...before.personIds] }
      : { act: 'tell', personIds };
  }
  if (nowIds.length === 0) return { act: 'forget', personIds: [] };
  return { act: personIds.length === 0 ? 'note' : 'tell', personIds };
}
