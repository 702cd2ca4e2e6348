import { type DeliveryTrouble, holdersOf, readDeliveryTrouble } from '../../store/delivery-troubles.ts';
import { readPerson } from '../../store/people.ts';
import { connectorNow, idpName } from '../idps/idps.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { type Named, namedByEmail } from '../people/named.ts';

/** Everything the message about a group that something else does not carry is made of. */
export type DeliveryView = {
  trouble: DeliveryTrouble;
  idpName: string;
  connectorNow?: string;
  /** What the group gives, as the catalogue has it now. */
  titles: string[];
  /** Who holds it by a live grant, and who of them waits for the next sign-in. */
  holders: { holders: number; waiting: number };
  /** The first of those who are missed. */
  missing: string[];
  channel: string;
  admins: Named[];
  owners: Named[];
};

const NAMED_MAX = 10;

/** Null: nobody is to be told of it yet. */
export async function readDeliveryView(context: Data & Parties, id: string): Promise<DeliveryView | null> {
  const trouble = await readDeliveryTrouble(context.db, id);
  if (trouble === null || !trouble.isTold) return null;
  const { target } = trouble;
  const given = context.catalogue.current().entitlements.filter((e) => {
    const status = context.catalogue.status(e.key);
    const is = status.status === 'unchecked' ? null : status.target;
    return is?.groupId === target.groupId && is.teamId === target.teamId;
  });
  const owners = [...new Set(given.map(({ owner }) => owner))];
  const people = await Promise.all(
    trouble.personIds.slice(0, NAMED_MAX).map((personId) => readPerson(context.db, personId)),
  );
  return {
    trouble,
    idpName: idpName(context, target),
    ...connectorNow(context, target),
    titles: given.map(({ title }) => title),
    holders: await holdersOf(context.db, target),
    missing: people.flatMap((person) => person?.name ?? []),
    owners: await Promise.all(owners.map((email) => namedByEmail(context, email))),
    ...(await adminContacts(context)),
  };
}
