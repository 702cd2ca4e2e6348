import { z } from 'zod';
import { type DigestLine, type LineAnswer, type LineVerb, lineVerbs } from '../../core/digest/digest.ts';
import { settleLine } from '../../core/digest/settle.ts';
import type { AnswerReceived, Job } from '../../core/jobs/reactions.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { lockLine, readLines, writeAnswer } from '../../store/digests.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Following, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { declineRenewal } from '../membership/decline-renewal.ts';
import { takeAwayReviewed } from '../membership/take-away.ts';
import { freshPerson } from '../people/identify.ts';

/** Which line was pressed. */
const digestItem = z.strictObject({ place: z.int() });

const unknownLine = refuse(
  'unknownChange',
  'Latchkey does not know what this line is about.',
  'It may come from another installation; look for a newer digest.',
);

/**
 * Settles a click on a line of a digest. The people who may answer for it are looked up now. It is decided under the
 * line's lock.
 */
export async function settleDigestAnswer(
  context: Context,
  answer: AnswerReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const item = digestItem.safeParse(JSON.parse(answer.item ?? 'null'));
  if (!item.success) return unknownLine;
  const place = { digestId: answer.id, place: item.data.place };
  if (answer.verb === 'stillNeeded') return await reply(context, answer, clicker, place);
  const verb = lineVerbs.find((known) => known === answer.verb);
  const [line] = await readLines(context.db, place.digestId, { after: place.place - 1, limit: 1 });
  if (verb === undefined || line === undefined || line.place !== place.place) return unknownLine;
  // The directory's word of today: who manages the holder may be another than when the digest was made.
  const holder = await freshPerson(context, line.personId);
  const { admins } = context.catalogue.current();
  const entitlement = context.catalogue.entitlement(line.entitlementKey);
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const locked = await lockLine(unit.tx, place.digestId, place.place);
      if (locked === null) return { result: unknownLine };
      const owner = entitlement?.owner ?? null;
      const facts = { clicker, owner, admins, manager: holder?.manager ?? null };
      const settled = settleLine(locked, { id: answer.clickId, verb }, facts);
      if (settled === 'repeat') return { result: null };
      const follows = isRefusal(settled)
        ? settled
        : await follow(context, unit, { line: locked, verb, by: clicker });
      if (isRefusal(follows))
        return { result: follows, notes: [refusedNote(unit, answer, clicker, follows)] };
      const said: LineAnswer = {
        verb,
        by: clicker.id,
        byName: clicker.name,
        at: unit.now,
        clickId: answer.clickId,
        ...(follows.revokeId === undefined ? {} : { revokeId: follows.revokeId }),
      };
      await writeAnswer(unit.tx, place, said);
      return {
        result: null,
        events: follows.events ?? [],
        notes: [...(follows.notes ?? []), reviewedNote(unit, place.digestId, locked, said)],
        jobs: [...(follows.jobs ?? []), updated(place.digestId)],
      };
    },
    context.nudge,
  );
}

/** What an answer does besides being noted. */
async function follow(
  context: Context,
  unit: Unit,
  { line, verb, by }: { line: DigestLine; verb: LineVerb; by: Person },
): Promise<(Following & { revokeId?: LineAnswer['revokeId'] }) | Refusal> {
  switch (verb) {
    case 'keep':
    case 'ask':
      return {};
    case 'notRenewed': {
      const events = await declineRenewal(unit, line, by);
      return events === null ? nothingToEnd(line) : { events };
    }
    case 'revoke': {
      const target = await targetOf(context, unit, line);
      if (target === null) return notKnown(line);
      const reason = 'looked at in a weekly digest, and not kept';
      const reviewed = { ...line, groupId: target.groupId, target, reason };
      const taken = await takeAwayReviewed(unit, reviewed, by);
      if (taken === 'targetUnknown') return notKnown(line);
      return taken === 'notHeld' ? nothingToEnd(line) : taken;
    }
    default:
      return verb satisfies never;
  }
}

/** Where it was given, or where it would be given now. */
async function targetOf(context: Context, unit: Unit, line: DigestLine) {
  const given = line.changeId === null ? null : ((await unit.change(line.changeId))?.target ?? null);
  const status = context.catalogue.status(line.entitlementKey);
  return given ?? (status.status === 'unchecked' ? null : status.target);
}

function nothingToEnd({ personName }: DigestLine): Refusal {
  return refuse('nothingToEnd', `${personName} no longer has this.`, 'Nothing was changed.');
}

function notKnown({ personName }: DigestLine): Refusal {
  return refuse(
    'entitlementUnavailable',
    `Latchkey could not check where ${personName} has this.`,
    'Nothing was changed. Press it again later, or tell an admin.',
  );
}

/** The holder says that they still need it; whoever asked reads it on their digest. */
async function reply(
  context: Context,
  answer: AnswerReceived,
  clicker: Person,
  place: { digestId: string; place: number },
): Promise<Refusal | null> {
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const line = await lockLine(unit.tx, place.digestId, place.place);
      if (line?.answer == null || line.answer.verb !== 'ask') return { result: unknownLine };
      if (line.personId !== clicker.id)
        return {
          result: refuse('notYours', 'This question is for somebody else.', 'Nothing to do for you.'),
        };
      if (line.answer.reply !== undefined) return { result: null };
      const said = { ...line.answer, reply: { at: unit.now, clickId: answer.clickId } };
      await writeAnswer(unit.tx, place, said);
      const note = reviewedNote(unit, place.digestId, line, said);
      const actor = { person: clicker.id, name: clicker.name };
      return {
        result: null,
        notes: [{ ...note, actor, data: { ...note.data, verb: 'stillNeeded' } }],
        jobs: [updated(place.digestId)],
      };
    },
    context.nudge,
  );
}

function reviewedNote(unit: Unit, digestId: string, line: DigestLine, said: LineAnswer) {
  return {
    type: 'accessReviewed' as const,
    at: unit.now,
    actor: { person: said.by, name: said.byName },
    changeId: line.changeId,
    data: {
      digestId,
      verb: said.verb,
      personId: line.personId,
      entitlementKey: line.entitlementKey,
      kinds: line.kinds,
      ...(said.revokeId === undefined ? {} : { revokeId: said.revokeId }),
    },
  };
}

function refusedNote(unit: Unit, answer: AnswerReceived, clicker: Person, refusal: Refusal) {
  return {
    type: 'clickRefused' as const,
    at: unit.now,
    actor: { person: clicker.id, name: clicker.name },
    changeId: null,
    data: { digestId: answer.id, verb: answer.verb, reason: refusal.reason },
  };
}

function updated(id: string): Job {
  return { job: 'updateCard', about: 'digest', id };
}
