import { type Change, isFound } from '../../core/change/change.ts';
import type { Question } from '../../core/change/question.ts';
import { type Entitlement, sameEmail } from '../../core/policy/catalogue.ts';
import { onlyTold, openStage, peopleOfStage } from '../../core/policy/routing.ts';
import { endingOf, pendingRequest } from '../../store/changes.ts';
import { jointIds } from '../../store/joint-requests.ts';
import { lastActor } from '../../store/observed.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { readSummarized, type Summary } from '../../store/summaries.ts';
import { connectorNow, idpName, pushNow } from '../idps/idps.ts';
import type { Context, Data } from '../kernel/context.ts';
import { type Named, named, namedByEmail } from '../people/named.ts';

/** Everything the messages of a change are made of; they are a pure function of this. */
export type ChangeView = {
  /** The identity provider's name in sentences. */
  idpName: string;
  /** How its group, `{group}`, is pushed at once. */
  pushNow: string;
  connectorNow?: string;
  change: Change;
  /** The revoke that ends what this change granted, if it is on its way or done. */
  ending: Change | null;
  /** The request to extend it that waits for a decision; left out: none does. */
  extending?: Change;
  /** The parts of a joint request that stand on its card; left out: nothing. */
  onCard?: ChangeView[];
  /** The parts of a joint request that stand on other cards. */
  together?: ChangeView[];
  entitlement: Entitlement | null;
  beneficiary: Named;
  requester: Named | null;
  /** Those who may decide in the stage that waits: who is pinged, and who may but is not. */
  pinged: Named[];
  alsoMay: Named[];
  /** Who is told of it and may not decide; left out: nobody. */
  told?: Named[];
  /** Who asked each of the change's questions; left out: nobody asked any. */
  askers?: Named[];
  owner: Named | null;
  /** In the owner's stead, or where only they are left to be told: empty while the owner is in chat. */
  admins: Named[];
  channel: string;
  summary: Summary | null;
  /** The person who made the change that was found, as the IdP tells. Null: not known, or nothing was found. */
  doneBy: { name: string; at: Date } | null;
  objectiveMs: number;
  /** Where people sign in to Anypoint; left out: not known. */
  signInUrl?: string;
};

/** A card mentions no more than these: of a larger group the first are told, and *Details* names others. */
const TOLD_MAX = 20;

export async function readView(context: Context, changeId: string): Promise<ChangeView | null> {
  const view = await readOne(context, changeId);
  return view === null || view.change.joint === undefined
    ? view
    : { ...view, ...(await readTogether(context, view.change, view.change.joint.id)) };
}

/** What was asked for with one form, in its places. */
export type JointView = { parts: ChangeView[] };

export async function readJointView(context: Context, jointId: string): Promise<JointView | null> {
  const parts = await readParts(context, await jointIds(context.db, jointId));
  return parts.length === 0 ? null : { parts };
}

async function readParts(context: Context, ids: readonly string[]): Promise<ChangeView[]> {
  const views = await Promise.all(ids.map((id) => readOne(context, id)));
  return views.filter((view) => view !== null);
}

async function readTogether(
  context: Context,
  { id, cardOf = id }: Change,
  jointId: string,
): Promise<Pick<ChangeView, 'onCard' | 'together'>> {
  const others = (await jointIds(context.db, jointId)).filter((other) => other !== id);
  const isHere = ({ change }: ChangeView) => (change.cardOf ?? change.id) === cardOf;
  const all = await readParts(context, others);
  return { onCard: all.filter(isHere), together: all.filter((view) => !isHere(view)) };
}

async function readOne(context: Context, changeId: string): Promise<ChangeView | null> {
  const known = await readSummarized(context.db, changeId);
  if (known === null) return null;
  const { change, summary } = known;
  const catalogue = context.catalogue.current();
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const questions = change.questions ?? [];
  const { first: pinged, others: alsoMay } =
    change.plan === null
      ? { first: [], others: [] }
      : peopleOfStage(openStage(change.plan, change.approvals).stage);
  const told = change.plan === null ? [] : onlyTold(change.plan).slice(0, TOLD_MAX);
  const knownPeople = peopleWithAccounts(context.db, {
    ids: [
      change.personId,
      change.requesterId,
      ...questions.map(({ by }) => by),
      ...pinged.map((p) => p.id),
      ...alsoMay.map((p) => p.id),
      ...told.map((p) => p.id),
    ],
    emails: [...(entitlement === null ? [] : [entitlement.owner]), ...catalogue.admins],
    system: context.chat.system,
  });
  const [people, ending, extending, doneBy] = await Promise.all([
    knownPeople,
    endingOf(context.db, change),
    extensionOf(context, change),
    whoDid(context, change),
  ]);
  const byId = (id: string | null) => people.find((p) => p.id === id) ?? null;
  const beneficiary = byId(change.personId);
  if (beneficiary === null) return null;
  const requester = change.requesterId === change.personId ? null : byId(change.requesterId);
  const name = (p: { id: string; name: string; email: string }) =>
    named(context, { ...p, accountId: byId(p.id)?.accountId ?? null });
  const nameOf = async (q: Question): Promise<Named> => {
    const person = byId(q.by);
    return person === null ? { name: q.name, accountId: null } : await name(person);
  };
  const byEmail = async (email: string): Promise<Named> => {
    const person = people.find((p) => sameEmail(p.email, email));
    return person === undefined ? await namedByEmail(context, email) : await named(context, person);
  };
  const owner = entitlement === null ? null : await byEmail(entitlement.owner);
  return {
    idpName: change.target === null ? context.idps.name : idpName(context, change.target),
    pushNow: pushNow(context, change.target ?? { idp: context.idps.first.system }),
    ...connectorNow(context, change.target ?? { idp: context.idps.first.system }),
    change,
    ending,
    ...extending,
    entitlement,
    beneficiary: await name(beneficiary),
    requester: requester === null ? null : await name(requester),
    pinged: await Promise.all(pinged.map(name)),
    alsoMay: await Promise.all(alsoMay.map(name)),
    ...(told.length === 0 ? {} : { told: await Promise.all(told.map(name)) }),
    ...(questions.length === 0 ? {} : { askers: await Promise.all(questions.map((q) => nameOf(q))) }),
    owner,
    admins:
      owner?.accountId == null || change.reopened !== undefined
        ? await Promise.all(catalogue.admins.map(byEmail))
        : [],
    channel: catalogue.channel,
    summary,
    doneBy,
    objectiveMs: context.objectiveMs,
    signInUrl: context.signInUrl,
  };
}

async function extensionOf(context: Data, change: Change): Promise<Pick<ChangeView, 'extending'>> {
  if (change.grant === null || change.ended !== null) return {};
  const pending = await pendingRequest(context.db, change.personId, change.entitlementKey);
  return pending === null || pending.cause !== 'extension' ? {} : { extending: pending };
}

async function whoDid(context: Data, change: Change): Promise<ChangeView['doneBy']> {
  if (!isFound(change) || change.target === null) return null;
  const pair = { personId: change.personId, groupId: change.target.groupId };
  const direction = change.cause === 'finding' ? 'added' : 'removed';
  return await lastActor(context.db, pair, direction, change.requestedAt);
}
