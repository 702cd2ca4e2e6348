import { sql } from 'kysely';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { linkPerson } from '../../src/store/person-links.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { keepTeamEvents } from '../../src/store/team-events.ts';
import { target } from '../core/given.ts';
import {
  plantAdvice,
  plantAgreement,
  plantCanary,
  plantLeaver,
  plantPolicies,
  plantReview,
} from './planted-lists.ts';
import { type Access, access, on, type Somebody, somebodyIn } from './quarter.ts';

export const LATCHKEY = { id: 'app', name: 'Latchkey (connected app)' };
export const ADMINISTRATOR = { id: 'admin', name: 'Anypoint administrator' };

/** Ids of the changes that are not as they should be, and of some that are. */
export type Planted = Record<
  | 'around'
  | 'late'
  | 'selfKept'
  | 'breakGlass'
  | 'signIn'
  | 'early'
  | 'leaver'
  | 'advised'
  | 'privileged'
  | 'reviewed'
  | 'leaverGrant'
  | 'leaverGrant',
  string
>;

const later = (at: Date, seconds: number) => new Date(at.getTime() + seconds * 1_000);

/** A quarter in which all is as it should be, but for what is planted in it. */
export async function plantQuarter(db: Db): Promise<Planted> {
  const planted = {} as Planted;
  const somebody = somebodyIn(db);
  const [olga, ines, omar, mona, lena] = [
    await somebody('olga'),
    await somebody('ines'),
    await somebody('omar'),
    await somebody('mona'),
    await somebody('lena'),
  ];
  await plantPolicies(db);
  const told = async (
    who: Somebody,
    at: Date,
    direction: 'added' | 'removed',
    actor: { id: string; name: string } | null = null,
  ) => {
    // Anypoint is changed by what the identity provider pushes, some seconds later.
    await toldByAnypoint(who, later(at, 8), direction);
    await sql`insert into observed (key, event_source, payload, actor, occurred_at, received_at, processed_at, outcome, person_id, group_id)
      values (${`okta:${Math.random()}`}, 'oktaLog', ${JSON.stringify({ kind: 'membership', direction, person: { id: who.email }, group: { id: target.groupId } })}::jsonb,
        ${actor === null ? null : JSON.stringify(actor)}::jsonb, ${at}, ${at}, ${at}, ${actor === null ? 'expected' : 'checked'}, ${who.id}, ${target.groupId})`.execute(
      db,
    );
  };
  const toldByAnypoint = async (
    who: Somebody,
    at: Date,
    direction: 'added' | 'removed',
    { team = { id: target.teamId, name: target.teamName }, actor = LATCHKEY } = {},
  ) =>
    await db.transaction().execute(async (tx) => {
      await keepTeamEvents(tx, [{ team, account: `anypoint-${who.name}`, direction, actor, at }]);
    });
  for (const { id, name } of [olga, ines, omar, mona, lena])
    await linkPerson(db, id, 'anypoint', `anypoint-${name}`);
  await sql`insert into usage_sources (source, system, since, checked_at) values ('anypointAudit', 'anypoint', ${on(-40)}, ${on(100)})`.execute(
    db,
  );
  await sql`insert into event_source_coverage (event_source, covered_from, covered_to) values ('oktaLog', ${on(-40)}, ${on(100)})`.execute(
    db,
  );
  const write = (events: readonly ChangeEvent[]) => commit(db, async () => ({ result: null, events }));

  const weekly: Access[] = [];
  for (let week = 0; week < 10; week += 1) {
    const one = access(ines, olga, on(week * 7));
    weekly.push(one);
    await write(one.events);
    await told(ines, one.writtenAt, 'added');
    await told(ines, one.goneWrittenAt, 'removed');
  }
  // One of them was written before it was approved, as the audit tells, and once more afterwards.
  const early = weekly[3] as Access;
  await sql`insert into audit (at, type, change_id, actor, data)
    values (${later(early.writtenAt, -300)}, 'idpWritten', ${early.id}, '{"part":"latchkey"}', '{"wrote":"added"}')`.execute(
    db,
  );
  planted.early = early.id;
  // Somebody who left: their access was gone an hour later.
  const leaver = access(lena, olga, on(56, 8, 3_000), { days: 4, secondsToGone: 3_600 });
  await write(leaver.events);
  await told(lena, leaver.writtenAt, 'added');
  await told(lena, leaver.goneWrittenAt, 'removed');
  await plantLeaver(db, lena, olga, leaver.revokeId);
  planted.leaver = leaver.revokeId;
  planted.leaverGrant = leaver.id;
  await plantReview(db, {
    reviewer: olga,
    people: [ines, omar, mona, lena],
    removed: weekly[4] as Access,
    kept: weekly[4] as Access,
  });
  planted.reviewed = (weekly[4] as Access).id;
  await plantCanary(db, weekly[0] as Access);
  // Before the quarter, and after it.
  await write(access(mona, mona, on(-20)).events);
  await write(access(mona, mona, on(95)).events);

  // A change made around Latchkey: told of, found, and kept by the owner.
  const mallory = { id: 'okta-mallory', name: 'mallory' };
  const around = access(omar, olga, on(10, 10), { cause: 'finding' });
  await told(omar, on(10, 9, 3_590), 'added', mallory);
  await write(around.events);
  await told(omar, around.goneWrittenAt, 'removed');
  planted.around = around.id;
  // And one of which nothing in the record tells.
  await told(mona, on(12), 'added', mallory);
  // One put straight into the team in Anypoint, and taken out a few minutes later by the comparison.
  await toldByAnypoint(mona, on(14), 'added', { actor: ADMINISTRATOR });
  await toldByAnypoint(mona, on(14, 9, 240), 'removed');
  // One that is in the team still, and somebody whom nobody knows.
  await toldByAnypoint(mona, on(15), 'added', { actor: ADMINISTRATOR });
  await toldByAnypoint({ ...mona, name: 'stranger' }, on(16), 'added', { actor: ADMINISTRATOR });
  // A team that Latchkey does not give.
  await toldByAnypoint(mona, on(17), 'added', {
    team: { id: 'another', name: 'Marketing' },
    actor: ADMINISTRATOR,
  });
  // A removal that was late.
  const late = access(omar, olga, on(20), { secondsToGone: 300, reason: '=cmd()|x' });
  await write(late.events);
  await told(omar, late.writtenAt, 'added');
  await told(omar, late.goneWrittenAt, 'removed');
  planted.late = late.revokeId;
  // The owner put somebody in, and kept it herself.
  const selfKept = access(omar, olga, on(40), { cause: 'finding' });
  await told(omar, on(40, 8, 3_590), 'added', { id: 'okta-olga', name: 'olga' });
  await write(selfKept.events);
  await told(omar, selfKept.goneWrittenAt, 'removed');
  planted.selfKept = selfKept.id;
  // Somebody took it at once.
  const breakGlass = access(mona, olga, on(50, 2), { cause: 'breakGlass', days: 0.1 });
  await write(breakGlass.events);
  await told(mona, breakGlass.writtenAt, 'added');
  await told(mona, breakGlass.goneWrittenAt, 'removed');
  const review = {
    found: 'justified',
    by: olga.id,
    name: 'olga',
    at: on(51),
    comment: 'the incident was real',
    clickId: 'c',
  };
  await sql`insert into emergencies (change_id, person_id, entitlement_key, opened_at, review)
    values (${breakGlass.id}, ${mona.id}, 'orders', ${on(50, 2)}, ${JSON.stringify(review)}::jsonb)`.execute(
    db,
  );
  planted.breakGlass = breakGlass.id;
  // A sign-in that did not count.
  const signIn = access(ines, olga, on(75));
  const [received, asked, ...rest] = signIn.events as [ChangeEvent, ChangeEvent, ...ChangeEvent[]];
  const stepUp = {
    id: signIn.id,
    by: olga.id,
    name: 'olga',
    clickId: 'c',
    // It is asked for by her click, a minute after the request, and counts for five minutes.
    askedAt: on(75, 9, 60),
    expiresAt: on(75, 9, 360),
  };
  const of = { changeId: signIn.id, actor: { person: olga.id, name: 'olga' } };
  await write([
    received,
    asked,
    { ...of, at: on(75, 9, 60), type: 'stepUpAsked', stepUp },
    { ...of, at: on(75, 9, 95), type: 'stepUpEnded', stepUpId: signIn.id, by: olga.id, why: 'tooWeak' },
    ...rest,
  ]);
  await told(ines, signIn.writtenAt, 'added');
  await told(ines, signIn.goneWrittenAt, 'removed');
  planted.signIn = signIn.id;

  // Administration of everything, from before the quarter until after it.
  const privileged = access(ines, olga, on(-5), { days: 200, key: 'orders-admin', to: ADMIN_TARGET });
  await write(privileged.events);
  planted.privileged = privileged.id;
  planted.advised = (weekly[1] as Access).id;
  await plantAdvice(db, planted.advised, on(7, 9, 5));
  await plantAgreement(db, olga);
  return planted;
}

/** Another group, that gives another team. */
const ADMIN_TARGET = {
  ...target,
  groupId: 'g9',
  groupName: 'anypoint-orders-admin',
  teamId: 't9',
  teamName: 'Orders admin',
};
