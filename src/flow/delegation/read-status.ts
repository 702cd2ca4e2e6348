import { randomUUID } from 'node:crypto';
import { onStatus } from '../../core/delegation/by-status.ts';
import type { Who } from '../../core/delegation/delegation.ts';
import { endOwn, nameDelegate } from '../../core/delegation/name-delegate.ts';
import type { DelegationId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { isRefusal } from '../../core/refusal.ts';
import {
  forgetAbsence,
  noteAbsence,
  openDelegations,
  usualDelegate,
  waitingFor,
} from '../../store/delegations.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran } from '../kernel/context.ts';
import { identify, metAs } from '../people/identify.ts';
import { activeDelegate } from './delegate.ts';

type Follows = { text: string } | null;

/**
 * Somebody's status in the chat has changed. What it says is read anew. It is their word about themselves: it starts
 * and ends their own delegation, to whom they have named beforehand. Safe to run twice: an absence is told once.
 */
export async function readChatStatus(
  context: Context,
  { accountId }: Extract<Job, { job: 'readChatStatus' }>,
): Promise<Ran> {
  // Whom Latchkey has never met has nothing to decide.
  if ((await metAs(context, accountId)) === null) return done;
  const account = await context.chat.whoIs(accountId);
  if (account === null || account.kind !== 'member') return done;
  const person = await identify(context, accountId);
  if (isRefusal(person)) return done;
  const usual = await usualNow(context, person);
  const decides = await isAsked(context, person);
  const away = account.away ?? null;
  const told = await commit<Follows>(
    context.db,
    async (unit) => {
      const own = await openDelegations(unit.tx, { person: person.id });
      for (const { id } of own) await unit.delegation(id);
      const isKnown = away !== null && !(await noteAbsence(unit.tx, person.id, away.until));
      const wasAway = away === null && (await forgetAbsence(unit.tx, person.id));
      const follows = onStatus({ away, isKnown, own, usual, decides, now: unit.now });
      const who = { id: person.id, name: person.name };
      if (follows === 'end')
        return {
          result: null,
          events: endOwn(
            own.filter((one) => one.cause === 'status'),
            who,
            unit.now,
          ),
        };
      // An absence that is news, or over: those who are asked in their place may be others now.
      const jobs = isKnown || (away === null && !wasAway) ? [] : await lookedAtAgain(unit.tx, person.id);
      if (follows === 'offer') return { result: { text: offer(context.chat.name) }, jobs };
      if (follows === 'nothing' || usual === null || away?.until == null) return { result: null, jobs };
      const events = nameDelegate({
        id: randomUUID() as DelegationId,
        person: who,
        delegate: usual,
        startsAt: null,
        endsAt: away.until,
        cause: 'status',
        own,
        ofDelegate: await openDelegations(unit.tx, { person: usual.id }),
        now: unit.now,
      });
      // The delegate whom they had named is away too. They are told, because nobody else can name another.
      return isRefusal(events)
        ? { result: decides ? { text: `${events.text} ${offer(context.chat.name)}` } : null, jobs }
        : { result: null, events };
    },
    context.nudge,
  );
  if (told !== null) await context.messenger.whisper(accountId, accountId, told.text);
  return done;
}

/** What waits for somebody is put to those who decide on it now. */
async function lookedAtAgain(tx: Tx, personId: string): Promise<Job[]> {
  const { changeIds } = await waitingFor(tx, personId);
  return changeIds.map((changeId) => ({ job: 'assessRequest', changeId }));
}

function offer(chat: string): string {
  return `Your ${chat} status says that you are away, and there are requests that are yours to decide. If you like, type /access away and name a colleague who decides meanwhile. Otherwise they wait for you, and others are asked when it takes too long.`;
}

/** The usual delegate, as long as that is somebody who can decide. */
async function usualNow(context: Context, person: Person): Promise<Who | null> {
  const usual = await usualDelegate(context.db, person.id);
  if (usual === null) return null;
  const leavers = await leaversAmong(context.db, [usual.id]);
  return leavers.size === 0 && (await activeDelegate(context, usual.id)) !== null ? usual : null;
}

/** Whether anything waits for them, or would by the catalogue. */
async function isAsked(context: Data, { id, email }: Person): Promise<boolean> {
  const { admins, entitlements } = context.catalogue.current();
  const isNamed = [...admins, ...entitlements.map(({ owner }) => owner)].some((one) => sameEmail(one, email));
  if (isNamed) return true;
  const { changeIds, massChangeIds } = await waitingFor(context.db, id);
  return changeIds.length + massChangeIds.length > 0;
}
