import type { Absent } from '../../core/delegation/absent.ts';
import type { PersonId } from '../../core/ids.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import {
  type ApproverStage,
  distinct,
  type Given,
  isEnoughWithout,
  slotsOf,
} from '../../core/policy/routing.ts';
import type { RequestFacts } from '../../core/policy/verdict.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { absentNow } from '../delegation/delegates.ts';
import type { Context } from '../kernel/context.ts';
import { named } from '../people/named.ts';

/** What says whether somebody may decide in the stead of an approver who is away. */
type AboutStage = {
  entitlement: Entitlement;
  excluded: ReadonlySet<PersonId>;
  facts: RequestFacts;
  given: readonly (Given & { at: Date })[];
  away: AwayOnce;
};

/** Who of a stage's people is away, by their ids: of one plan of one stage it is looked up once. */
export type AwayOnce = Map<string, Promise<Absent[]>>;

/** Whether a stage names enough people who can be asked, and who are there or have somebody in their stead. */
export async function isEnoughThere(
  context: Context,
  stage: ApproverStage,
  about: AboutStage,
): Promise<boolean> {
  const absent = await absentIn(context, stage, about);
  return await isEnoughInChat(context, stage, new Set(absent.map(({ id }) => id)));
}

/** Of a stage as the rule has it: those who are away, where too few are left without them. */
export async function missedIn(context: Context, stage: ApproverStage, about: AboutStage): Promise<Absent[]> {
  const absent = await absentIn(context, stage, about);
  return isEnoughWithout(stage, new Set(absent.map(({ id }) => id))) ? [] : absent;
}

async function absentIn(context: Context, stage: ApproverStage, about: AboutStage): Promise<Absent[]> {
  const { entitlement, excluded, facts, given, away } = about;
  const people = distinct(slotsOf(stage));
  const key = people.map(({ id }) => id).join();
  const known = away.get(key);
  if (known !== undefined) return await known;
  const asked = absentNow(context, people, { tier: entitlement.tier, excluded, items: [facts], given });
  away.set(key, asked);
  return await asked;
}

/** Of more people than this somebody is in chat. */
const LOOKED_UP_MAX = 10;

/**
 * Whether a stage names enough people who can be asked. Chat has to say that it has no member with somebody's address;
 * where chat does not answer this throws, and it is asked again later.
 */
async function isEnoughInChat(
  context: Context,
  stage: ApproverStage,
  absent: ReadonlySet<PersonId>,
): Promise<boolean> {
  if (!isEnoughWithout(stage, absent)) return false;
  const people = distinct(slotsOf(stage)).filter(({ id }) => !absent.has(id));
  if (people.length > LOOKED_UP_MAX) return true;
  const known = await peopleWithAccounts(context.db, {
    ids: people.map(({ id }) => id),
    emails: [],
    system: context.chat.system,
  });
  const isMet = new Set(known.filter(({ accountId }) => accountId !== null).map(({ id }) => id));
  const unmet = people.filter(({ id }) => !isMet.has(id));
  // Whom a message found before need not be looked up again.
  if (isEnoughWithout(stage, new Set([...absent, ...unmet.map(({ id }) => id)]))) return true;
  const missing: PersonId[] = [...absent];
  for (const person of unmet)
    if ((await named(context, { ...person, accountId: null })).accountId === null) missing.push(person.id);
  return isEnoughWithout(stage, new Set(missing));
}
