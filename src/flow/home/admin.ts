import { type HomePages, type Paged, pageOf } from '../../core/home/pages.ts';
import type { OffboardingState } from '../../core/offboarding/life-cycle.ts';
import { openAlarm } from '../../store/canary.ts';
import { type OpenFigures, openFigures } from '../../store/homes.ts';
import { openCases } from '../../store/offboardings.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { policyTroubleNow } from '../../store/policies.ts';
import {
  openProvisioningTroubles,
  type StoredProvisioningTrouble,
} from '../../store/provisioning-troubles.ts';
import { idpName } from '../idps/idps.ts';
import type { Context } from '../kernel/context.ts';
import type { Named } from '../people/named.ts';
import { CASES_MAX, linksOf } from './waiting.ts';

/** What the catalogue's admins see of the whole. */
export type HomeAdmin = OpenFigures & {
  /** The troubles, each in one sentence with what to do; empty: everything works. */
  troubles: string[];
  /** Entitlements that can be asked for, and how many there are. */
  ready: number;
  entitlements: number;
  cases: Paged<{ person: Named; state: OffboardingState; isLate: boolean; url: string | null }>;
};

/** A section of text holds so many lines of them that can still be read. */
const TROUBLES_MAX = 8;
/** Changes that failed are the owner's to mend; after so many days they are history. */
const FAILED_DAYS = 14;

export async function readHomeAdmin(context: Context, pages: HomePages): Promise<HomeAdmin> {
  const [figures, canary, policy, unpushed, { cases, count }] = await Promise.all([
    openFigures(context.db, FAILED_DAYS),
    openAlarm(context.db),
    policyTroubleNow(context.db),
    openProvisioningTroubles(context.db),
    openCases(context.db, CASES_MAX),
  ]);
  const { troubles, ...offered } = healthOf(context, {
    isPolicyBroken: policy !== null,
    isCanaryAlarmed: canary !== null,
    unpushed,
  });
  const page = pageOf(cases, 'cases', pages);
  const [known, cards] = await Promise.all([
    peopleWithAccounts(context.db, {
      ids: page.shown.map(({ personId }) => personId),
      emails: [],
      system: context.chat.system,
    }),
    linksOf(
      context,
      page.shown.map(({ id }) => id),
      'card',
    ),
  ]);
  return {
    ...figures,
    ...offered,
    troubles: [...context.outsideTroubles(), ...troubles].slice(0, TROUBLES_MAX),
    cases: {
      ...page,
      all: count,
      shown: page.shown.map(({ id, personId, state, late }) => {
        const person = known.find((p) => p.id === personId);
        return {
          person: { name: person?.name ?? 'somebody', accountId: person?.accountId ?? null },
          state,
          isLate: late !== null && late.clearedAt === null,
          url: cards.get(id) ?? null,
        };
      }),
    },
  };
}

/** What does not work beside the outside parties. */
function healthOf(
  context: Context,
  {
    isPolicyBroken,
    isCanaryAlarmed,
    unpushed,
  }: { isPolicyBroken: boolean; isCanaryAlarmed: boolean; unpushed: readonly StoredProvisioningTrouble[] },
): Pick<HomeAdmin, 'troubles' | 'ready' | 'entitlements'> {
  const { entitlements } = context.catalogue.current();
  const all = entitlements.map(({ key, title }) => ({ title, ...context.catalogue.status(key) }));
  const queue = context.queueAway();
  const unchecked = all.filter(({ status }) => status === 'unchecked').length;
  const troubles: [isSo: boolean, words: string][] = [
    [
      isPolicyBroken,
      'The policy’s files have mistakes, so the last good policy stays in force: “latchkey policy check” names them.',
    ],
    [isCanaryAlarmed, 'The canary’s alarm is raised: the way to MuleSoft takes too long.'],
    ...unpushed.map((trouble): [boolean, string] => [
      true,
      `${idpName(context, trouble)} carries no group changes to Latchkey (${trouble.what}): ${trouble.next}.`,
    ]),
    [queue !== null, `The job queue ${queue?.why}; this process does the work itself meanwhile.`],
    [
      unchecked > 0,
      `${unchecked} of ${all.length} entitlements are not checked yet, because an outside party does not answer.`,
    ],
    ...all.flatMap((one): [boolean, string][] =>
      one.status === 'refused' ? [[true, `“${one.title}” can’t be offered: ${one.why}.`]] : [],
    ),
  ];
  return {
    troubles: troubles.filter(([isSo]) => isSo).map(([, words]) => words),
    ready: all.filter(({ status }) => status === 'ready').length,
    entitlements: entitlements.length,
  };
}
