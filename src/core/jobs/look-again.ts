/**
 * `untilMs`: the age of the wait up to which this row holds. Within the objective, a look never comes later than its
 * end.
 */
type Row = { untilMs: number | 'objective'; everyMs: number };

/** A change that is late. */
const late: readonly Row[] = [
  { untilMs: 600_000, everyMs: 2_000 },
  { untilMs: 86_400_000, everyMs: 30_000 },
  { untilMs: Number.POSITIVE_INFINITY, everyMs: 300_000 },
];

/**
 * How often a job looks at what it waits for: often while it moves, seldom once it is late. The first row that fits.
 */
const lookEvery = {
  /** A change that nothing has delivered yet: the push and the delivery bring a look by themselves. */
  undelivered: [{ untilMs: 'objective', everyMs: 5_000 }, ...late],
  delivered: [{ untilMs: 'objective', everyMs: 1_000 }, ...late],
  /** One of thousands that wait for the IdP: Anypoint limits how much is read, and those that move come first. */
  oneOfMany: [
    { untilMs: 'objective', everyMs: Number.POSITIVE_INFINITY },
    { untilMs: Number.POSITIVE_INFINITY, everyMs: 300_000 },
  ],
  /** The next sign-in of somebody who is there already, which may come in an hour or in a week. */
  nextSignIn: [
    { untilMs: 600_000, everyMs: 3_000 },
    { untilMs: 86_400_000, everyMs: 60_000 },
    { untilMs: Number.POSITIVE_INFINITY, everyMs: 300_000 },
  ],
  massChange: [
    { untilMs: 120_000, everyMs: 1_000 },
    { untilMs: 3_600_000, everyMs: 5_000 },
    { untilMs: Number.POSITIVE_INFINITY, everyMs: 60_000 },
  ],
  offboarding: [
    { untilMs: 5_000, everyMs: 300 },
    { untilMs: 'objective', everyMs: 1_000 },
    { untilMs: 600_000, everyMs: 3_000 },
    { untilMs: Number.POSITIVE_INFINITY, everyMs: 30_000 },
  ],
} satisfies Record<string, readonly Row[]>;

const LEAST_MS = 50;

/**
 * Pure: in how many milliseconds to look again at what is that old. Never past the objective, so that the alarm is on
 * time.
 */
export function lookAgainMs(of: keyof typeof lookEvery, ageMs: number, objectiveMs = 0): number {
  const rows: readonly Row[] = lookEvery[of];
  const row = rows.find(({ untilMs }) => ageMs < (untilMs === 'objective' ? objectiveMs : untilMs));
  if (row === undefined) return LEAST_MS;
  return row.untilMs === 'objective'
    ? Math.max(LEAST_MS, Math.min(row.everyMs, objectiveMs - ageMs))
    : row.everyMs;
}
