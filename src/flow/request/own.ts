import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { letEnd } from '../../core/change/extended.ts';
import { isLess } from '../../core/change/narrow.ts';
import { refuseEndOfGone } from '../../core/change/ticket-end.ts';
import { nudge, withdraw } from '../../core/change/undecided.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context, Data, Runtime } from '../kernel/context.ts';
import { endGrant, releaseAccess } from '../membership/end-grants.ts';
import { extendNow } from './extend-now.ts';

export const unknownChange = refuse(
  'unknownChange',
  'Latchkey does not know this request.',
  'The card may come from another installation; ask again with /access.',
);

/** The acts of people on what is theirs: the request, the access, or the decision that they made. Null: done, or done before. */
export async function actOnOwn(
  context: Context,
  click: ClickReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const { verb } = click.act;
  switch (verb) {
    case 'withdraw':
      return await decideUnderLock(context, click, (unit, change) =>
        withdraw(change, clicker, click.clickId, unit.now),
      );
    case 'release':
      return await decideUnderLock(context, click, (unit, change) => release(unit, change, clicker));
    case 'decline':
      return await decideUnderLock(context, click, (unit, change) => decline(unit, change, clicker));
    case 'letEnd':
      return await decideUnderLock(context, click, (unit, change) => letEnd(change, clicker, unit.now));
    case 'endGone':
      return await decideUnderLock(context, click, (unit, change) => endGone(context, unit, change, clicker));
    case 'nudge':
      return await decideUnderLock(context, click, (unit, change) => nudge(change, clicker, unit.now));
    case 'extend':
      return await extendNow(context, click, clicker);
    case 'approve':
    case 'approveNarrower':
    case 'deny':
    case 'ask':
    case 'answer':
    case 'reply':
      return null;
    default:
      return verb satisfies never;
  }
}

async function decideUnderLock(
  context: Data & Runtime,
  click: ClickReceived,
  decide: (unit: Unit, change: Change) => ChangeEvent[] | Refusal | Promise<ChangeEvent[] | Refusal>,
): Promise<Refusal | null> {
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const change = await unit.change(click.changeId);
      if (change === null) return { result: unknownChange };
      const outcome = await decide(unit, change);
      return isRefusal(outcome) ? { result: outcome } : { result: null, events: outcome };
    },
    context.nudge,
    { changes: [click.changeId] },
  );
}

async function release(unit: Unit, change: Change, by: Person): Promise<ChangeEvent[] | Refusal> {
  if (by.id !== change.personId && by.id !== change.requesterId)
    return refuse('notYours', 'This is not your access.', 'Only its holder or requester can give it back.');
  // The same click again finds it ended, which is what it wanted.
  if (change.ended !== null && change.ended.by === by.id) return [];
  return (
    (await releaseAccess(unit, change, by)) ??
    refuse('nothingToEnd', 'This access has ended already.', 'Nothing more to do.')
  );
}

/** The other way than at its time: nobody closed the ticket, so only a person says that the access is over. */
async function endGone(
  { catalogue }: Pick<Data, 'catalogue'>,
  unit: Unit,
  change: Change,
  by: Person,
): Promise<ChangeEvent[] | Refusal> {
  if (change.ended?.cause === 'ticketGone' && change.ended.by === by.id) return [];
  const refused = refuseEndOfGone(change, by, catalogue.entitlement(change.entitlementKey)?.owner ?? null);
  if (refused !== null) return refused;
  return (
    (await endGrant(unit, change, 'ticketGone', by)) ??
    refuse('nothingToEnd', 'This access has ended already.', 'Nothing more to do.')
  );
}

/** Less than they asked for: they may say no to it. It ends as if given back; what they had before stays. */
async function decline(unit: Unit, change: Change, by: Person): Promise<ChangeEvent[] | Refusal> {
  if (by.id !== change.personId && by.id !== change.requesterId)
    return refuse('notYours', 'This is not your access.', 'Only its holder or requester can decline it.');
  if (change.ended !== null && change.ended.by === by.id) return [];
  const events = isLess(change) ? await endGrant(unit, change, 'release', by) : null;
  return events ?? refuse('nothingToEnd', 'There is nothing to decline.', 'To give it back, press I’m done.');
}
