import type { Change } from '../../core/change/change.ts';
import { isUnderway } from '../../core/change/states.ts';
import type { AnypointUser } from '../../ports/mulesoft.ts';
import { readChange, underwayIds } from '../../store/changes.ts';
import { openDeliveryTrouble } from '../../store/delivery-troubles.ts';
import type { Person } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { whySignInGaveNothing } from '../catalogue/claim-trouble.ts';
import { at, idpName } from '../idps/idps.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { accountAt } from '../people/accounts.ts';
import { type Waiting, waiting } from './look.ts';

type Target = NonNullable<Change['target']>;

/** Of the objective. What is left of it is Latchkey's own, to do what the connector did not. */
const CONNECTOR_SHARE = 1 / 3;

/** Anypoint's clock and ours may differ by so much. */
const CLOCKS_APART_MS = 5_000;

/** Access that Latchkey does not carry, and that Anypoint does not show: what is waited for. */
export async function notCarriedYet(
  context: Data & Parties,
  change: Change,
  person: Person,
  { target, user }: { target: Target; user: AnypointUser },
): Promise<Waiting> {
  const idp = idpName(context, target);
  const notShown = `Anypoint does not show ${person.name} in the team ${target.teamName}`;
  if (target.delivery === 'native')
    return waiting('delivery', `${notShown}, and carrying it there is for ${idp}’s own Anypoint connector`);
  const writtenMs = change.legs.idpWrittenAt?.getTime() ?? Number.POSITIVE_INFINITY;
  if ((user.lastSignInAt?.getTime() ?? 0) < writtenMs + CLOCKS_APART_MS)
    return await withMapping(
      context,
      target,
      waiting('signIn', 'it comes with their next sign-in to Anypoint'),
    );
  const idpId = await accountAt(at(context, target), person.id);
  const why = await whySignInGaveNothing(context, target, { user, idpId });
  return waiting('delivery', `${notShown}, although they have signed in since: ${why}`);
}

/** What keeps the sign-in that is waited for from giving it, as Anypoint said of the mapping when it was last looked at. */
export async function withMapping(
  context: Pick<Data, 'db'>,
  target: Target,
  look: Waiting,
): Promise<Waiting> {
  if (target.delivery !== 'claim' || look.trouble !== null) return look;
  const trouble = (await openDeliveryTrouble(context.db, 'unmapped', target))?.why ?? null;
  return trouble === null ? look : { ...look, trouble, isUnmapped: true };
}

/** Access that is to go and that Anypoint still shows. Null: it is to be delivered, as what Latchkey carries is. */
export async function notTakenOutYet(
  context: Data & Parties & { objectiveMs: number },
  change: Change,
  person: Person,
  target: Target,
): Promise<Waiting | null> {
  const idp = idpName(context, target);
  if (target.delivery !== 'native') return null;
  const { idpWrittenAt } = change.legs;
  if (idpWrittenAt !== null && isConnectorsTurn(idpWrittenAt, await databaseNow(context.db), context))
    return waiting('delivery', `${idp}’s own Anypoint connector has not taken ${person.name} out yet`);
  return {
    ...waiting(
      'delivery',
      `${idp}’s own Anypoint connector left ${person.name} in the team ${target.teamName}, so Latchkey takes them out itself`,
    ),
    redeliver: true,
    isLeftBehind: true,
  };
}

/** The IdP still shows the membership that was taken away: it is behind, or somebody gave it back. */
export async function isStillInGroup(
  everywhere: Data & Parties,
  personId: string,
  target: Target,
): Promise<boolean> {
  const context = at(everywhere, target);
  const idpId = await accountAt(context, personId);
  return idpId !== null && (await context.idp.isMember(target.groupId, idpId));
}

/**
 * Whether a removal from this team is still the IdP's own connector's to make. It is until the look that tells that it was
 * left behind, so that no failure of the connector goes untold. A leaver is not left to it.
 */
export async function isLeftToConnector(
  context: Data,
  where: { personId: string; teamId: string },
): Promise<boolean> {
  for (const id of await underwayIds(context.db, where)) {
    const change = await readChange(context.db, id);
    if (change === null || !isUnderway(change.state) || change.kind !== 'revoke') continue;
    if (change.target?.delivery !== 'native' || change.cause === 'leaver' || change.cause === 'lostApp')
      continue;
    if (change.late?.leg !== 'delivery' || change.late.clearedAt !== null) return true;
  }
  return false;
}

function isConnectorsTurn(since: Date, now: Date, context: { objectiveMs: number }): boolean {
  return now.getTime() - since.getTime() < connectorMs(context);
}

function connectorMs({ objectiveMs }: { objectiveMs: number }): number {
  return objectiveMs * CONNECTOR_SHARE;
}
