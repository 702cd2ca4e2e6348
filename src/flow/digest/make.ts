import { randomUUID } from 'node:crypto';
import type { Job } from '../../core/jobs/reactions.ts';
import { chatZoneOf } from '../../store/chat-time-zones.ts';
import { securityFigures } from '../../store/digest-figures.ts';
import {
  type DigestReader,
  type DueSlot,
  makeDigests,
  readersDue,
  withoutDigest,
  zonesOfPeople,
} from '../../store/digest-making.ts';
import { makeSecurityDigest } from '../../store/digests.ts';
import type { Person } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit, noteByLatchkey } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { learnChatZones } from './chat-zones.ts';
import { type Answering, digestCatalogue, whoAnswers } from './readers.ts';
import { slotIn } from './slot.ts';

/** Readers whose digests are made in one commit. */
const BATCH = 50;

type Needs = Pick<Context, 'db' | 'catalogue' | 'idps' | 'chat' | 'log' | 'nudge' | 'locks'>;

/** Who was looked for in vain is looked for again after this: somebody may own or manage something since. */
const LOOK_AGAIN_MS = 10 * 60_000;

type Done = { made: number; said: number };

/** What the timer does, in one process at a time. Once all are made, the directory is asked for others seldom. */
export function createDigestRounds(context: Needs): (until?: AbortSignal) => Promise<Done | null> {
  const round = createRounds(context);
  return async (until) => await context.locks.tryLock('digests', () => round(until));
}

/** One look after the other. */
export function createRounds(
  context: Needs,
  { lookAgainMs = LOOK_AGAIN_MS } = {},
): (until?: AbortSignal) => Promise<Done> {
  let complete: { of: string; till: number } | null = null;
  return async (until) => {
    const now = await databaseNow(context.db);
    const done = { made: 0, said: 0 };
    const answering = await whoAnswers(context);
    await learnChatZones(context, [...answering.owns.keys(), ...answering.admins.map(({ id }) => id)]);
    const slots = await openSlots(context, now);
    if (slots.length === 0) return done;
    const owners = [...answering.owns.keys()];
    const of = JSON.stringify([slots, owners]);
    while (until?.aborted !== true && !(complete?.of === of && now.getTime() < complete.till)) {
      const due = await readersDue(context.db, slots, owners, BATCH);
      if (due.length === 0) {
        complete = { of, till: now.getTime() + lookAgainMs };
        break;
      }
      done.made += due.length;
      done.said += await makeBatch(context, answering, due, null);
    }
    await tellAdmins(context, answering.admins, slots, now);
    return done;
  };
}

/**
 * Makes every digest whose time has come, some readers at a time, each batch with the work of sending it in one commit.
 * Killed between two, the next look goes on; a reader who has one of this week gets no second. `until`: to stop between
 * two.
 */
export async function makeDueDigests(context: Needs, until?: AbortSignal): Promise<Done> {
  return await createRounds(context)(until);
}

async function openSlots(context: Needs, now: Date): Promise<(DueSlot & { isOpen: boolean })[]> {
  return (
    (await zonesOfPeople(context.db))
      // Whose time zone the chat could not be asked for yet is not taken for somebody without one.
      .filter(({ directory, isAsked }) => directory !== null || isAsked)
      .map((of) => ({ ...slotIn(of, context.catalogue.current(), now), of }))
      .filter((s) => s.isOpen)
  );
}

/** Makes the digest of one reader now, because they asked. Answers whether there is anything to say. */
export async function makeDigestFor(context: Needs, person: Person): Promise<boolean> {
  const now = await databaseNow(context.db);
  const zones = { directory: person.timeZone, chat: await chatZoneOf(context.db, person.id) };
  const slot = slotIn(zones, context.catalogue.current(), now);
  const answering = await whoAnswers(context);
  const { zone, zoneFrom, week } = slot;
  const due = [{ personId: person.id, zone, zoneFrom, week, dueAt: now }];
  const said = await makeBatch(context, answering, due, now);
  if (answering.admins.some((admin) => admin.id === person.id))
    await tellAdmin(context, person, { ...slot, dueAt: now, askedAt: now }, now);
  return said > 0;
}

/** Answers how many of them have something to say. */
async function makeBatch(
  context: Needs,
  { owns }: Answering,
  due: readonly Omit<DigestReader, 'digestId' | 'owns'>[],
  askedAt: Date | null,
): Promise<number> {
  const readers = due.map((reader) => ({
    ...reader,
    digestId: randomUUID(),
    owns: owns.get(reader.personId) ?? [],
  }));
  return await commit(
    context.db,
    async (unit) => {
      const { tx, now } = unit;
      const made = await makeDigests(tx, readers, digestCatalogue(context), { now, askedAt });
      return {
        result: made.length,
        jobs: made.map(({ digestId }) => sendJob(digestId)),
        notes: made.map((one) => noteByLatchkey(unit, 'digestMade', { ...one, kind: 'personal' })),
      };
    },
    context.nudge,
  );
}

/** The whole picture, once a week to each admin in their own time zone. */
async function tellAdmins(
  context: Needs,
  admins: readonly Person[],
  slots: readonly DueSlot[],
  now: Date,
): Promise<void> {
  const due: { admin: Person; slot: DueSlot; personId: string; week: string }[] = [];
  for (const admin of admins) {
    const chat = await chatZoneOf(context.db, admin.id);
    const slot = slots.find(({ of }) => of.directory === admin.timeZone && of.chat === chat);
    if (slot !== undefined) due.push({ admin, slot, personId: admin.id, week: slot.week });
  }
  const without = new Set(await withoutDigest(context.db, 'security', due));
  for (const { admin, slot } of due)
    if (without.has(admin.id)) await tellAdmin(context, admin, { ...slot, askedAt: null }, now);
}

async function tellAdmin(
  context: Needs,
  admin: Pick<Person, 'id'>,
  { week, zone, zoneFrom, dueAt, askedAt }: Omit<DueSlot, 'of'> & { askedAt: Date | null },
  now: Date,
): Promise<void> {
  const all = await securityFigures(context.db, digestCatalogue(context), now);
  const ruled = new Set(
    context.catalogue
      .current()
      .entitlements.filter((e) => e.birthright != null)
      .map(({ key }) => key),
  );
  // Of a rule that left the catalogue nothing is left to mend.
  const objections = (all.objections ?? []).filter(({ entitlementKey }) => ruled.has(entitlementKey));
  const figures = { ...all, objections };
  const id = randomUUID();
  const digest = { id, personId: admin.id, week, zone, zoneFrom, dueAt, askedAt };
  await commit(
    context.db,
    async (unit) => {
      const isMade = await makeSecurityDigest(unit.tx, digest, figures, unit.now);
      const made = { digestId: id, personId: admin.id, kind: 'security' };
      return isMade
        ? { result: null, jobs: [sendJob(id)], notes: [noteByLatchkey(unit, 'digestMade', made)] }
        : { result: null };
    },
    context.nudge,
  );
}

function sendJob(id: string): Job {
  return { job: 'updateCard', about: 'digest', id };
}
