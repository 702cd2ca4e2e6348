/** Where a person stands in the directory. `deleted`: the IdP knows them no more. */
export type Standing = {
  status: 'active' | 'suspended' | 'deprovisioned' | 'inactive' | 'deleted';
  department: string | null;
  /** Login or e-mail of the manager. */
  manager: string | null;
};

/** What a look at a person comes to, against what was acted on before. */
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

/**
 * Pure. What has happened to a person since they were last acted on; several at once are possible, none is usual.
 * `hasApp`: false when the IdP has provisioned them and switched the account off.
 */
export function turnsOf(
  before: (Standing & { hadApp: boolean }) | null,
  now: Standing,
  hasApp: boolean,
): Turn[] {
  const hasLeft = isGone(now);
  if (hasLeft) return before !== null && isGone(before) ? [] : ['left'];
  const turns: Turn[] = [];
  const isOn = now.status === 'active' && hasApp;
  const wasOn = before === null || (before.status === 'active' && before.hadApp);
  if (now.status === 'suspended' && before?.status !== 'suspended') turns.push('suspended');
  else if (!hasApp && now.status !== 'suspended' && (before === null || before.hadApp)) turns.push('lostApp');
  else if (isOn && !wasOn) turns.push('returned');
  if (before === null) turns.push('arrived');
  else if (now.department !== before.department || now.manager !== before.manager) turns.push('moved');
  return turns;
}

function isGone({ status }: Standing): boolean {
  return status === 'deprovisioned' || status === 'deleted';
}
