import { z } from 'zod';
import type { AnswerReceived } from '../../core/jobs/reactions.ts';
import { hasLeft, type Offboarding } from '../../core/offboarding/offboarding.ts';
import { type ItemFacts, settleApplication } from '../../core/offboarding/settle-application.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { latestOffboarding, leaverCase, readOffboarding } from '../../store/offboardings.ts';
import { type Person, readPerson } from '../../store/people.ts';
import { actsFor } from '../delegation/acts-for.ts';
import { commit, type Outcome } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { anypointUsers } from '../membership/anypoint-users.ts';
import { identify } from '../people/identify.ts';
import { apisCalled, ownersOfApis } from './applications.ts';
import { cancelOffboarding } from './cancel.ts';
import {
  actingAs,
  adminOr,
  dismissOffboarding,
  nothing,
  releaseOffboarding,
  startOffboarding,
} from './case.ts';
import { restore } from './restore.ts';

export const offboardingVerbs = [
  'start',
  'left',
  'notLeft',
  'handOver',
  'revoke',
  'restore',
  'cancel',
] as const;
export type OffboardingVerb = (typeof offboardingVerbs)[number];

/** What a click carries besides its verb. `start`: `id` of the answer is the person's. */
export const offboardingAnswerItem = z.strictObject({
  reason: z.string().min(1).max(1_000).optional(),
  /** Which application. */
  key: z.string().optional(),
  /** Chat account of its new owner. */
  toAccountId: z.string().nullish(),
});
export type OffboardingAnswerItem = z.infer<typeof offboardingAnswerItem>;

const unknownCase = refuse(
  'unknownChange',
  'Latchkey does not know what this card is about.',
  'It may come from another installation; look for a newer card.',
);

/** Settles a click about a leaver: who may do what, and whether it still applies, looked up now. */
export async function settleOffboardingAnswer(
  context: Context,
  answer: AnswerReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const verb = offboardingVerbs.find((known) => known === answer.verb);
  const item = offboardingAnswerItem.safeParse(JSON.parse(answer.item ?? '{}'));
  if (verb === undefined || !item.success) return unknownCase;
  if (verb === 'start') return await start(context, answer, { ...item.data, clicker });
  const offboarding = await readOffboarding(context.db, answer.id);
  if (offboarding === null) return unknownCase;
  switch (verb) {
    case 'left':
    case 'notLeft':
      return await decide(context, offboarding, verb, clicker);
    case 'handOver':
    case 'revoke':
      return await decideApplication(context, offboarding, { ...answer, verb }, { ...item.data, clicker });
    case 'restore':
      return await restore(context, offboarding, clicker);
    case 'cancel':
      return await cancel(context, offboarding, answer, { ...item.data, clicker });
    default:
      return verb satisfies never;
  }
}

async function start(
  context: Context,
  answer: AnswerReceived,
  { reason, clicker }: OffboardingAnswerItem & { clicker: Person },
): Promise<Refusal | null> {
  const person = await readPerson(context.db, answer.id);
  if (person === null) return unknownCase;
  const by = await actingAs(context, clicker, person.id);
  if (isRefusal(by)) return await noteRefused(context, answer, clicker, by);
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const latest = await latestOffboarding(unit.tx, person.id);
      if (latest !== null && (hasLeft(latest) || latest.state === 'held'))
        return {
          // The same form sent twice finds its own case.
          result:
            latest.startedBy?.id === clicker.id && latest.reason === (reason ?? null)
              ? null
              : refuse(
                  'alreadySettled',
                  latest.state === 'held'
                    ? `${person.name} was lost with many others, and two admins decide on all of them.`
                    : `${person.name} is being offboarded already.`,
                  'See the card in the access channel.',
                ),
        };
      const started = await startOffboarding(context, unit, person, {
        cause: 'byHand',
        by,
        reason: reason ?? null,
      });
      return { result: null, ...started };
    },
    context.nudge,
  );
}

async function decide(
  context: Data & Runtime,
  offboarding: Offboarding,
  verb: 'left' | 'notLeft',
  clicker: Person,
): Promise<Refusal | null> {
  const by = await actingAs(context, clicker, offboarding.personId);
  if (isRefusal(by)) return by;
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      if (locked?.state === 'asking')
        return {
          result: null,
          ...(verb === 'left'
            ? await releaseOffboarding(unit, locked.id, by)
            : await dismissOffboarding(unit, locked.id, by)),
        };
      // The same click again finds what it wanted.
      if (locked?.decidedBy?.id === clicker.id) return { result: null, ...nothing };
      const who = locked?.decidedBy?.name;
      return {
        result: refuse(
          'alreadySettled',
          who === undefined ? 'This is not asked any more.' : `${who} answered this already.`,
          'Nothing more to do; the card shows what happened.',
        ),
      };
    },
    context.nudge,
  );
}

async function cancel(
  context: Context,
  offboarding: Offboarding,
  answer: AnswerReceived,
  { reason, clicker }: OffboardingAnswerItem & { clicker: Person },
): Promise<Refusal | null> {
  const by = await actingAs(context, clicker, offboarding.personId);
  const refused = isRefusal(by) ? by : await cancelOffboarding(context, offboarding, by, reason ?? '');
  return refused === null ? null : await noteRefused(context, answer, clicker, refused);
}

async function decideApplication(
  context: Context,
  offboarding: Offboarding,
  answer: AnswerReceived & { verb: 'handOver' | 'revoke' },
  { key, toAccountId, clicker }: OffboardingAnswerItem & { clicker: Person },
): Promise<Refusal | null> {
  const item = offboarding.items.find((known) => known.key === key);
  if (item === undefined) return unknownCase;
  const shown = await context.mulesoft.readApplication({ kind: item.kind, id: item.id });
  const catalogue = context.catalogue.current();
  const apis = shown === null ? [] : apisCalled(shown, catalogue);
  const owners = shown === null ? item.owners : ownersOfApis(apis);
  const isOwner = ({ email }: { email: string }) => owners.some((owner) => sameEmail(owner, email));
  const as = await deciderOf(context, offboarding, clicker, isOwner);
  const mayDecide = as !== null;
  const to =
    answer.verb === 'handOver' && mayDecide
      ? await newOwner(context, offboarding, toAccountId ?? null)
      : null;
  if (isRefusal(to)) return to;
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      if (locked === null) return { result: unknownCase };
      const outcome = settleApplication(
        locked,
        { id: answer.clickId, key: item.key, verb: answer.verb },
        { clicker: as ?? clicker, mayDecide, say: { admins: catalogue.admins, apis }, to, now: unit.now },
      );
      return isRefusal(outcome)
        ? refusedWith(outcome, answer, clicker, unit.now)
        : { result: null, events: outcome };
    },
    context.nudge,
  );
}

/**
 * How this person decides on an application: as its owner or an admin, or in the stead of one who is away. `email`: the
 * one whose word it is. Null: not at all.
 */
async function deciderOf(
  context: Data,
  { personId }: Offboarding,
  clicker: Person,
  isOwner: (one: { email: string }) => boolean,
): Promise<ItemFacts['clicker'] | null> {
  const { id, name, email } = clicker;
  if (isOwner(clicker)) return { id, name, email };
  const admin = await adminOr(context, clicker, personId);
  const absent = admin?.insteadOf === undefined && admin !== null ? [] : await actsFor(context, clicker);
  const other =
    absent.find((one) => one.id === admin?.insteadOf?.id) ??
    absent.find((one) => one.id !== personId && isOwner(one));
  if (other === undefined) return admin === null ? null : { id, name, email };
  return { id, name, email: other.email, insteadOf: { id: other.id, name: other.name } };
}

/** The new owner has to be an active person who has signed in to Anypoint. */
async function newOwner(
  context: Data & Parties & Runtime,
  offboarding: Offboarding,
  accountId: string | null,
) {
  if (accountId === null)
    return refuse('unknownPerson', 'Nobody was chosen to take it.', 'Choose somebody and send it again.');
  const person = await identify(context, accountId);
  if (isRefusal(person)) {
    const name = (await context.chat.whoIs(accountId))?.name ?? 'That person';
    return refuse(
      person.reason,
      `${name} can’t take it: not an active person of ours with a confirmed address.`,
      'Choose somebody else.',
    );
  }
  const hasLeftToo = (await leaverCase(context.db, person.id)) !== null;
  if (person.id === offboarding.personId || hasLeftToo)
    return refuse('notEligible', `${person.name} has left, so can’t take it.`, 'Choose somebody else.');
  const { current } = await anypointUsers(context, person);
  if (current === null || !current.enabled)
    return refuse(
      'notEligible',
      `${person.name} has no Anypoint user who is switched on, so can’t take it.`,
      'Choose somebody else, or have them sign in to Anypoint once.',
    );
  return { id: person.id, name: person.name, anypointUserId: current.id };
}

function refusedWith(refusal: Refusal, answer: AnswerReceived, clicker: Person, now: Date): Outcome<Refusal> {
  return {
    result: refusal,
    notes: [
      {
        type: 'clickRefused',
        changeId: null,
        at: now,
        actor: { person: clicker.id, name: clicker.name },
        data: { offboarding: answer.id, verb: answer.verb, reason: refusal.reason },
      },
    ],
  };
}

async function noteRefused(
  context: Data & Runtime,
  answer: AnswerReceived,
  clicker: Person,
  refusal: Refusal,
): Promise<Refusal> {
  return await commit(
    context.db,
    async (unit) => refusedWith(refusal, answer, clicker, unit.now),
    context.nudge,
  );
}
