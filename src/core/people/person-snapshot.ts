/** Where a person stands in the directory. `deleted`: the IdP knows them no more. */
export type PersonSnapshot = {
  status: 'active' | 'suspended' | 'deprovisioned' | 'inactive' | 'deleted';
  department: string | null;
  /** Login or e-mail of the manager. */
  manager: string | null;
};

/** The result of a look at a person, against what was acted on before. */
export type Turn =
  /** Deprovisioned or deleted: everything ends. */
  | 'left'
  /** Switched off in the app alone: MuleSoft access ends, and somebody is asked whether they have left. */
  | 'lostApp'
  /** On hold: out of every team until they return, nothing ends. */
  | 'suspended'
  /** Active again after a hold, a loss of the app, or a leaving. */
  | 'returned'
  /** New here: birthright rules give. */
  | 'arrived'
  /** Another department or manager: birthright rules give and take, and grants are held against the rules again. */
  | 'moved';

/** Pure. Whether they have the app, as far as anybody knows: as told now, else as it was; null: not known yet. */
export function hasAppNow(before: { hadApp: boolean } | null, told: boolean | null): boolean | null {
  return told ?? before?.hadApp ?? null;
}

/**
 * Pure. The turns in a person's life since they were last acted on. Several at once are possible, none is usual. `told`
 * is false when the IdP has provisioned them and switched the account off. It is null when that is not known. Then
 * nothing is made of it, and a new person has not arrived yet.
 */
export function turnsOf(
  before: (PersonSnapshot & { hadApp: boolean }) | null,
  now: PersonSnapshot,
  told: boolean | null,
): Turn[] {
  if (isGone(now)) return before !== null && isGone(before) ? [] : ['left'];
  const turns: Turn[] = [];
  const hasApp = hasAppNow(before, told);
  const isOn = now.status === 'active' && hasApp === true;
  const wasOn = before === null || (before.status === 'active' && before.hadApp);
  if (now.status === 'suspended' && before?.status !== 'suspended') turns.push('suspended');
  else if (hasApp === false && now.status !== 'suspended' && (before === null || before.hadApp))
    turns.push('lostApp');
  else if (isOn && !wasOn) turns.push('returned');
  if (before === null) {
    if (hasApp !== null) turns.push('arrived');
  } else if (now.department !== before.department || now.manager !== before.manager) turns.push('moved');
  return turns;
}

export function isGone({ status }: PersonSnapshot): boolean {
  return status === 'deprovisioned' || status === 'deleted';
}
