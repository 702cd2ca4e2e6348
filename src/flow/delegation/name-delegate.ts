import { randomUUID } from 'node:crypto';
import type { DelegationEvent } from '../../core/delegation/delegation.ts';
import { declineDelegation, endOwn, nameDelegate } from '../../core/delegation/name-delegate.ts';
import type { DelegationId } from '../../core/ids.ts';
import type { AnswerReceived } from '../../core/jobs/reactions.ts';
import { refuseLeaver } from '../../core/offboarding/refusals.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { openDelegations, readDelegation, writeUsualDelegate } from '../../store/delegations.ts';
import { leaverCase } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Note, type Unit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { identify } from '../people/identify.ts';

/** The form's content: the delegate by their chat account, and from when to when. */
export type AwayForm = {
  delegateAccountId: string;
  /** Null: from now on. */
  startsAt: Date | null;
  endsAt: Date;
  /** Also whenever their status in the chat says that they are away. */
  isUsual: boolean;
};

/** Which field of the form a refusal is about. */
export type AwayRefusal = Refusal & { field: 'delegate' | 'until' };

/**
 * Names who decides while somebody is away. Both are looked up anew: a delegate is an active member of the company, and
 * has not left. Null: it is done.
 */
export async function goAway(
  context: Data & Parties & Runtime,
  accountId: string,
  form: AwayForm,
): Promise<AwayRefusal | null> {
  const [person, delegate] = await Promise.all([
    identify(context, accountId),
    identify(context, form.delegateAccountId),
  ]);
  if (isRefusal(person)) return { ...person, field: 'until' };
  const cant = isRefusal(delegate) ? cantDecide(delegate) : await refuseLeft(context, person, delegate);
  if (cant !== null || isRefusal(delegate))
    return { ...(cant ?? cantDecide(delegate as Refusal)), field: 'delegate' };
  return await commit<AwayRefusal | null>(
    context.db,
    async (unit) => {
      const own = await lockOwn(unit, person);
      const events = nameDelegate({
        id: randomUUID() as DelegationId,
        person: { id: person.id, name: person.name },
        delegate: { id: delegate.id, name: delegate.name },
        startsAt: form.startsAt,
        endsAt: form.endsAt,
        cause: 'asked',
        own,
        ofDelegate: await openDelegations(unit.tx, { person: delegate.id }),
        now: unit.now,
      });
      if (isRefusal(events))
        return { result: { ...events, field: events.about === 'times' ? 'until' : 'delegate' } };
      return {
        result: null,
        events,
        notes: await usualNotes(unit, person, form.isUsual ? delegate : null),
      };
    },
    context.nudge,
  );
}

function cantDecide({ text }: Refusal): Refusal {
  return refuse(
    'delegationInvalid',
    `This account can’t decide on anything: ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
    'Name another colleague.',
  );
}

async function refuseLeft(context: Data, person: Person, delegate: Person): Promise<Refusal | null> {
  const [own, theirs] = await Promise.all([
    leaverCase(context.db, person.id),
    leaverCase(context.db, delegate.id),
  ]);
  if (own !== null) return refuseLeaver(own, 'notAnApprover');
  return theirs === null
    ? null
    : refuse('delegationInvalid', `${delegate.name} is leaving the company.`, 'Name another colleague.');
}

/** Held until the commit ends, so that of two forms sent at once the later one counts. */
async function lockOwn(unit: Unit, person: Pick<Person, 'id'>) {
  const own = [];
  for (const { id } of await openDelegations(unit.tx, { person: person.id })) {
    const locked = await unit.delegation(id);
    if (locked !== null && locked.state !== 'ended') own.push(locked);
  }
  return own;
}

async function usualNotes(unit: Unit, person: Person, delegate: Person | null): Promise<Note[]> {
  if (!(await writeUsualDelegate(unit.tx, person.id, delegate?.id ?? null))) return [];
  return [
    {
      type: delegate === null ? 'usualDelegateDropped' : 'usualDelegateNamed',
      changeId: null,
      at: unit.now,
      actor: { person: person.id, name: person.name },
      data: delegate === null ? {} : { delegate: { id: delegate.id, name: delegate.name } },
    },
  ];
}

/** Who was away is back. Answers whom they had named; empty: they were not away. */
export async function comeBack(
  context: Data & Runtime,
  person: Pick<Person, 'id' | 'name'>,
): Promise<string[]> {
  return await commit(
    context.db,
    async (unit) => {
      const own = await lockOwn(unit, person);
      const events = endOwn(own, { id: person.id, name: person.name }, unit.now);
      return { result: own.map(({ delegate }) => delegate.name), events };
    },
    context.nudge,
  );
}

/** Settles a click on a message about an absence: `back` by whoever is away, `decline` by whom they named. */
export async function settleDelegationAnswer(
  context: Context,
  { id, verb }: AnswerReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const by = { id: clicker.id, name: clicker.name };
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const delegation = (await readDelegation(unit.tx, id)) === null ? null : await unit.delegation(id);
      const outcome: DelegationEvent[] | Refusal =
        verb === 'back' && delegation?.person.id === by.id
          ? endOwn(delegation.state === 'ended' ? [] : [delegation], by, unit.now)
          : verb === 'decline'
            ? declineDelegation(delegation, by, unit.now)
            : refuse('notYours', 'This is not your absence.', 'Nothing more to do.');
      return isRefusal(outcome) ? { result: outcome } : { result: null, events: outcome };
    },
    context.nudge,
  );
}
