import { type RawBuilder, sql } from 'kysely';
import type { Period } from './populations.ts';

/** States of what is over and was never given. */
const notGivenChange = sql`('refused', 'denied', 'withdrawn', 'lapsed', 'closed')`;

/** When something was decided on, as its document has it: given. */
const givenAt = sql`(c.doc->'legs'->>'decidedAt')::timestamptz`;

/** When it was over without being given; null: it is not. A refusal has its time in the audit alone. */
const notGivenAt = sql`case when c.state = 'refused'
    then coalesce((select max(a.at) from audit a where a.change_id = c.id and a.type = 'requestRefused'), c.requested_at)
  when c.state in ${notGivenChange} then (c.doc->'decision'->>'at')::timestamptz end`;

/** Over within the period without being given, whenever it was asked for. */
export function isNotGiven({ from, to }: Period): RawBuilder<unknown> {
  return sql`c.state in ${notGivenChange} and c.requested_at < ${to} and ${givenAt} is null
    and ${notGivenAt} >= ${from} and ${notGivenAt} < ${to}`;
}

/** Neither given nor over by the end of the period, whatever became of it since. */
export function isOpenAtEnd({ to }: Pick<Period, 'to'>): RawBuilder<unknown> {
  return sql`c.requested_at < ${to} and coalesce(${givenAt} >= ${to}, true) and coalesce(${notGivenAt} >= ${to}, true)`;
}

/** What came in, by how it did, and what became of it: it is as much as was given, was not, and is open. */
export type RequestSum = {
  how: 'asked' | 'found' | 'byRule';
  openAtStart: number;
  came: number;
  given: number;
  refused: number;
  denied: number;
  withdrawn: number;
  lapsed: number;
  closed: number;
  openAtEnd: number;
};

export function requestSums({ from, to }: Period): RawBuilder<RequestSum> {
  const within = (at: string) => sql`${sql.ref(at)} >= ${from} and ${sql.ref(at)} < ${to}`;
  const over = (state: string) =>
    sql`(count(*) filter (where given is null and state = ${state} and ${within('over')}))::int`;
  const openAt = (at: Date) =>
    sql`(count(*) filter (where requested_at < ${at} and coalesce(given, over, 'infinity') >= ${at}))::int`;
  return sql`
    select case when cause in ('finding', 'loss') then 'found' when cause in ('birthright', 'renewal') then 'byRule' else 'asked' end as how,
      ${openAt(from)} as "openAtStart", (count(*) filter (where ${within('requested_at')}))::int as came,
      (count(*) filter (where ${within('given')}))::int as given, ${over('refused')} as refused, ${over('denied')} as denied,
      ${over('withdrawn')} as withdrawn, ${over('lapsed')} as lapsed, ${over('closed')} as closed, ${openAt(to)} as "openAtEnd"
    from (
      select c.requested_at, c.state, d.cause, (d.legs->>'decidedAt')::timestamptz as given, ${notGivenAt} as over
      from changes c cross join lateral (select c.doc->>'cause' as cause, c.doc->'legs' as legs offset 0) d
      where c.kind = 'grant' and d.cause <> 'canary' and c.requested_at < ${to}
    ) x group by 1 order by 1`;
}
