import { type RawBuilder, sql } from 'kysely';
import { isOfIdp } from './idp-systems.ts';
import { askedTogether } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';

/**
 * The system whose id a link holds: the `system` of the identity provider or of the chat (src/ports/), or `anypoint`.
 */
export type LinkedSystem = string;

/**
 * Notes that a system has confirmed this link; an account that moved to another person moves here too. The account of
 * somebody whom an IdP has confirmed never moves to somebody known by an unconfirmed record.
 */
export async function linkPerson(
  db: Db | Tx,
  personId: string,
  system: LinkedSystem,
  externalId: string,
): Promise<void> {
  await linkTogether(db, { personId, system, externalId });
}

type Link = { personId: string; system: LinkedSystem; externalId: string };

/** In one order, so that two of these wait for each other in one direction only. */
const linkTogether = askedTogether<Link, null>(async (db, links) => {
  // One statement writes a row once. Of two who claim one account at the same time the later one is asked afterwards.
  const first = [
    ...new Map(links.toReversed().map((link) => [`${link.system} ${link.externalId}`, link])).values(),
  ];
  await sql`
    insert into person_links (system, external_id, person_id, verified_at)
    select g.system, g.external_id, g.person_id, clock_timestamp()
    from unnest(${first.map((link) => link.system)}::text[], ${first.map((link) => link.externalId)}::text[],
      ${first.map((link) => link.personId)}::uuid[]) as g (system, external_id, person_id)
    order by g.system, g.external_id
    on conflict (system, external_id) do update set person_id = excluded.person_id, verified_at = clock_timestamp()
    where person_links.person_id = excluded.person_id
      or ${isConfirmed(sql`excluded.person_id`)} or not ${isConfirmed(sql`person_links.person_id`)}`.execute(
    db,
  );
  for (const link of links) if (!first.includes(link)) await linkTogether(db, link);
  return links.map(() => null);
});

/** Whether an identity provider has confirmed who a person is. */
export function isConfirmed(personId: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`exists (select from person_links c
    where c.person_id = ${personId} and ${isOfIdp('c.system')} and not c.is_unconfirmed)`;
}

/** Notes the account that a message was addressed to, if the person has none and nobody else has this one. */
export async function noteAccount(
  db: Db | Tx,
  personId: string,
  system: LinkedSystem,
  externalId: string,
): Promise<void> {
  await sql`
    insert into person_links (system, external_id, person_id)
    select ${system}, ${externalId}, ${personId}::uuid where ${isConfirmed(sql`${personId}::uuid`)}
    on conflict do nothing`.execute(db);
}
