import { FOUND_THERE, type MassChange } from '../../core/mass-change/mass-change.ts';
import type { MassProgress } from '../../core/mass-change/words.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { mayApprove } from '../../core/policy/routing.ts';
import { countNoted, readMassChange, type ShownItem, shownItems } from '../../store/mass-changes.ts';
import { progressOf } from '../../store/mass-progress.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { readSummary, type Summary } from '../../store/summaries.ts';
import { idpName } from '../idps/idps.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { type Named, named } from '../people/named.ts';

/** Everything the messages about a mass change are made of; they are a pure function of this. */
export type MassView = {
  /** The identity provider's name in sentences. */
  idpName: string;
  mass: MassChange;
  progress: MassProgress;
  /** Of those taken out, how many were there before Latchkey. */
  foundThere: number;
  title: string;
  gives: string | null;
  tier: string | null;
  /** Those who may decide, in the order of the plan. */
  deciders: Named[];
  mover: Named | null;
  /** The catalogue's, where they have to be told. */
  admins: Named[];
  /** The first of what it is about, with the total. */
  items: ShownItem[];
  summary: Summary | null;
  channel: string;
};

/** More are shown in a form; a card says how many. */
const ITEMS_ON_CARD = 20;

export async function readMassView(context: Data & Parties, id: string): Promise<MassView | null> {
  const mass = await readMassChange(context.db, id);
  if (mass === null) return null;
  const entitlement =
    mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey);
  const approvers = mass.plan === null ? [] : mayApprove(mass.plan);
  const known = await peopleWithAccounts(context.db, {
    ids: [...approvers.map((p) => p.id), ...(mass.moved === null ? [] : [mass.moved.personId])],
    emails: [],
    system: context.chat.system,
  });
  const name = async (p: { id: string; name: string; email: string }): Promise<Named> =>
    await named(context, {
      ...p,
      accountId: known.find((k) => k.id === p.id || sameEmail(k.email, p.email))?.accountId ?? null,
    });
  const mover = known.find((p) => p.id === mass.moved?.personId);
  const { items } = await shownItems(context.db, id, ITEMS_ON_CARD);
  return {
    idpName: mass.target === null ? context.idps.name : idpName(context, mass.target),
    mass,
    progress: await progressOf(context.db, id),
    foundThere: mass.kind === 'lost' ? await countNoted(context.db, id, FOUND_THERE) : 0,
    title: entitlement?.title ?? mass.entitlementKey ?? '',
    gives: entitlement?.gives ?? null,
    tier: entitlement?.tier ?? null,
    deciders: await Promise.all(approvers.map(name)),
    mover: mover === undefined ? null : await name(mover),
    admins: mass.reopened === undefined ? [] : (await adminContacts(context)).admins,
    items,
    summary: await readSummary(context.db, id),
    channel: context.catalogue.current().channel,
  };
}

/** The content of its messages; null: without its approvers there is nothing to put to anybody yet. */
export async function toldMassChange(context: Data & Parties, id: string): Promise<MassView | null> {
  const view = await readMassView(context, id);
  return view === null || view.mass.plan === null ? null : view;
}
