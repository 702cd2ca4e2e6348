import { type RawBuilder, sql } from 'kysely';
import type { Period } from './populations.ts';

/** A policy with its texts, when it was in force, and who agreed to it, as that was recorded. */
export type PolicyRow = {
  fingerprint: string;
  /** Each from when to when, as the audit has it; empty: it does not say. */
  inForce: { from: string; to: string | null }[];
  loadedAt: Date;
  agreed: Agreement[];
  texts: Record<string, string>;
  /** The fingerprint of what it took the place of in the period; null: of none that is known. */
  before: string | null;
  /** The audit entries by which it was put in force and agreed to, by their ids. */
  entries: string[];
};

export type Agreement = { name: string; on: string; where: string; recordedAt: string; recordedBy: string };

/** The policies that decided something in the period, or were in force in it. */
export function policiesInForce({ from, to }: Period): RawBuilder<PolicyRow> {
  return sql`
    with loads as (
      select data->>'fingerprint' as fingerprint, at, id, lag(data->>'fingerprint') over (order by id) as before
      from audit where type = 'policyLoaded'),
    spans as (
      select fingerprint, before, id, at as began, lead(at) over (order by id) as ended from loads where fingerprint is distinct from before),
    decided as (
      select distinct doc->'verdict'->>'policy' as fingerprint from changes
      where requested_at < ${to} and (doc->'legs'->>'decidedAt')::timestamptz >= ${from})
    select p.fingerprint, p.loaded_at as "loadedAt", p.texts,
      coalesce((select jsonb_agg(jsonb_build_object('from', s.began, 'to', s.ended) order by s.began)
        from spans s where s.fingerprint = p.fingerprint and s.began < ${to}), '[]') as "inForce",
      ${agreementsOf(sql`p.fingerprint`)} as agreed,
      (select s.before from spans s where s.fingerprint = p.fingerprint and s.began < ${to} order by s.began desc limit 1) as before,
      array(select e.id::text from audit e where e.type in ('policyLoaded', 'policyAgreed') and e.data->>'fingerprint' = p.fingerprint
        and (e.type = 'policyAgreed' or e.id in (select s.id from spans s where s.began < ${to})) order by e.at, e.id) as entries
    from policies p
    where (p.loaded_at >= ${from} and p.loaded_at < ${to}) or p.fingerprint in (select fingerprint from decided)
      or exists (select from spans s where s.fingerprint = p.fingerprint and s.began < ${to} and coalesce(s.ended, 'infinity') > ${from})
    order by p.loaded_at, p.fingerprint`;
}

/** Who agreed to a policy, as it was recorded up to now. */
export function agreementsOf(fingerprint: RawBuilder<unknown>): RawBuilder<Agreement[]> {
  return sql`coalesce((
    select jsonb_agg(jsonb_build_object('name', g.data->>'name', 'on', g.data->>'on', 'where', g.data->>'where',
      'recordedAt', g.at, 'recordedBy', g.actor->>'part') order by g.id)
    from audit g where g.type = 'policyAgreed' and g.data->>'fingerprint' = ${fingerprint}), '[]')`;
}
