import { sameAgain } from '../../core/change/extended.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { linkOf, type Person } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Context } from '../kernel/context.ts';
import { receiveRequest } from './receive.ts';
import { refuseRenewal } from './refuse-renewal.ts';

/**
 * One click on a warning: the same again, from its end on, with the reason that it was asked for with. It is a request
 * like every other, so that catalogue and rules say whether somebody has to approve. Null: it is asked for, or was.
 */
export async function extendNow(
  context: Context,
  click: ClickReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const change = await readChange(context.db, click.changeId);
  if (change === null) return hasEnded;
  if (clicker.id !== change.personId && clicker.id !== change.requesterId)
    return refuse('notYours', 'This is not your access.', 'Only its holder or requester can extend it.');
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  if (entitlement === null)
    return refuse('unknownEntitlement', 'This access left the catalogue.', 'It can’t be extended any more.');
  const { personId, entitlementKey } = change;
  const grants = await unendedGrants(context.db, { personId, entitlementKey });
  const held = heldUntil(grants, await databaseNow(context.db));
  if (change.ended !== null || held === null) return hasEnded;
  const declined = await refuseRenewal(context.db, grants);
  if (declined !== null) return declined;
  const seconds = sameAgain(change, entitlement);
  if (seconds === null) return hasEnded;
  const received = await receiveRequest(context, {
    idempotencyKey: `extend:${click.clickId}`,
    accountId: click.chatUserId,
    forAccountId: clicker.id === personId ? null : await linkOf(context.db, personId, context.chat.system),
    entitlementKey,
    seconds,
    reason: change.reason,
    ticket: change.ticket,
    endsWithTicket: change.endsWithTicket,
    extend: true,
    via: context.chat.system,
  });
  return received.received || 'heldUntil' in received ? null : received.refusal;
}

const hasEnded = refuse(
  'nothingToEnd',
  'This access has ended, or was extended, already.',
  'Its newest message says where it stands; if it has ended, ask again with /access.',
);
