import { type HomePages, type Paged, pageOf } from '../../core/home/pages.ts';
import type { OffboardingState } from '../../core/offboarding/life-cycle.ts';
import { openAlarm } from '../../store/canary.ts';
import { type OpenFigures, openFigures } from '../../store/homes.ts';
import { openCases } from '../../store/offboardings.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { policyTroubleNow } from '../../store/policies.ts';
import type { Context } from '../kernel/context.ts';
import type { Named } from '../people/named.ts';
import { CASES_MAX, linksOf } from './waiting.ts';

/** What the catalogue's admins see of the whole. */
export type HomeAdmin = OpenFigures & {
  /** What does not work, each in one sentence with what to do; empty: everything does. */
  troubles: string[];
  /** Entitlements that can be asked for, and how many there are. */
  ready: number;
  entitlements: number;
  cases: Paged<{ person: Named; state: OffboardingState; isLate: boolean; url: string | null }>;
};

/** Changes that failed are the owner's to mend; after so many days they are history. */
const FAILED_DAYS = 14;

export async function readHomeAdmin(context: Context, pages: HomePages): Promise<HomeAdmin> {
  const [figures, canary, policy, { cases, count }] = await Promise.all([
    openFigures(context.db, FAILED_DAYS),
    openAlarm(context.db),
    policyTroubleNow(context.db),
    openCases(context.db, CASES_MAX),
  ]);
  const { troubles, ...offered } = healthOf(context, {
    isPolicyBroken: policy !== null,
    isCanaryAlarmed: canary !== null,
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
    troubles: [...context.outsideTroubles(), ...troubles],
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
  { isPolicyBroken, isCanaryAlarmed }: { isPolicyBroken: boolean; isCanaryAlarmed: boolean },
): Pick<HomeAdmin, 'troubles' | 'ready' | 'entitlements'> {
  const { entitlements } = context.catalogue.current();
  const statuses = entitlements.map(({ key }) => context.catalogue.status(key).status);
  const count = (wanted: (typeof statuses)[number]) => statuses.filter((status) => status === wanted).length;
  const queue = context.queueAway();
  const troubles: [isSo: boolean, words: string][] = [
    [
      isPolicyBroken,
      'The policy’s files have mistakes, so the last good policy stays in force. Run `latchkey policy check`; it names them.',
    ],
    [isCanaryAlarmed, 'The canary’s alarm is raised: the way to MuleSoft takes too long.'],
    [queue !== null, `The job queue ${queue?.why}; this process does the work itself meanwhile.`],
    [
      count('refused') > 0,
      `${count('refused')} of the catalogue can’t be offered. Run \`latchkey check\`; it says why.`,
    ],
    [
      count('unchecked') > 0,
      `${count('unchecked')} of the catalogue are not checked yet, because an outside party does not answer.`,
    ],
  ];
  return {
    troubles: troubles.filter(([isSo]) => isSo).map(([, words]) => words),
    ready: count('ready'),
    entitlements: entitlements.length,
  };
}
