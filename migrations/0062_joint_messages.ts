import { type Kysely, sql } from 'kysely';

/**
 * Whoever asked for several things at once has one message about them. It is kept under the joint request. What was
 * said about the first of them becomes that message, and is edited in place.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    with firsts as (
      select distinct on (joint_id) id, joint_id from changes where joint_id is not null
      order by joint_id, (doc->'joint'->>'place')::int, id
    )
    update messages m
    set about_id = f.joint_id,
      key = case when m.key in ('requester', 'beneficiary') then m.key
        else split_part(m.key, ':', 1) || ':' || f.id || ':' || substr(m.key, strpos(m.key, ':') + 1) end
    from firsts f
    where m.about_id = f.id
      and (m.key in ('requester', 'beneficiary') or m.key like 'requester:%' or m.key like 'beneficiary:%')
  `.execute(db);
}
