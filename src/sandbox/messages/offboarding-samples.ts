import type { OffboardingId } from '../../core/ids.ts';
import { evolveOffboarding } from '../../core/offboarding/evolve.ts';
import type { Offboarding, OffboardingItem } from '../../core/offboarding/offboarding.ts';
import type { OffboardingView } from '../../flow/offboarding/view.ts';
import { offboardingDetails } from '../../slack/offboarding/details.ts';
import { after, CHANNEL, type FormSample, named, nameOf, personId, type Sample, T0 } from './sample.ts';

const item: OffboardingItem = {
  key: 'clientApplication:1',
  kind: 'clientApplication',
  id: '1',
  name: 'Nightly order export',
  contracts: [{ api: 'Orders API', environment: 'Production', status: 'APPROVED' }],
  owners: ['olga@acme.example'],
  coOwners: 0,
  isOurOwn: false,
  decision: null,
  trouble: null,
  settled: null,
};

const asking: Offboarding = evolveOffboarding(null, {
  type: 'offboardingStarted',
  offboardingId: '00000000-0000-4000-8000-000000000ff0' as OffboardingId,
  at: T0,
  actor: { part: 'latchkey' },
  state: 'asking',
  personId: personId('erik'),
  cause: 'lostApp',
  startedBy: null,
  reason: null,
});

const underway: Offboarding = {
  ...asking,
  state: 'underway',
  cause: 'byHand',
  startedAs: 'underway',
  startedBy: { id: personId('sam'), name: nameOf('sam') },
  reason: 'Last day was Friday',
  beganAt: T0,
  legs: {
    requests: { at: after(1), count: 1 },
    approvals: { at: after(1), count: 0 },
    groups: { at: after(3), count: 2 },
    teams: null,
  },
  given: ['Orders API readers'],
};

function view(offboarding: Offboarding, rest: Partial<OffboardingView> = {}): OffboardingView {
  return {
    idpName: 'Okta',
    offboarding,
    person: named('erik'),
    who: {
      title: 'Integration engineer',
      department: 'Orders',
      manager: nameOf('tom'),
      since: '2024-05-02T08:00:00.000Z',
    },
    isActiveInIdp: false,
    admins: [named('sam'), named('sofia')],
    owners: [],
    named: { 'olga@acme.example': named('olga') },
    restorable: [],
    removed: { gone: [], left: [] },
    duties: [],
    channel: CHANNEL,
    objectiveMs: 60_000,
    ...rest,
  };
}

export function offboardingSamples(): Sample<OffboardingView>[] {
  const open: Offboarding = { ...underway, state: 'appsOpen', items: [item] };
  const owners = [{ to: named('olga'), items: [item] }];
  return [
    { title: 'Somebody lost the app: have they left?', view: view(asking) },
    {
      title: 'Underway, by an admin’s word',
      view: view(underway, { isActiveInIdp: true, duties: ['owner of Orders API'] }),
    },
    {
      title: 'Another account may be theirs',
      view: view(underway, { perhapsTheirs: [{ name: nameOf('erik'), idpName: 'Entra' }] }),
    },
    {
      title: 'Late',
      view: view({
        ...underway,
        late: { leg: 'delivery', why: 'Anypoint answers 503', at: after(90), clearedAt: null },
      }),
    },
    { title: 'Access is gone, an application is open', view: view(open, { owners }) },
    {
      title: 'The owner is reminded',
      view: view({ ...open, reminders: 1, remindedAt: after(86_400) }, { owners }),
    },
    ...overSamples(),
  ];
}

function overSamples(): Sample<OffboardingView>[] {
  return [
    {
      title: 'Complete',
      view: view({
        ...underway,
        state: 'closed',
        closing: 'complete',
        closedAt: after(3_600),
        legs: { ...underway.legs, teams: { at: after(9), count: 1 } },
      }),
    },
    {
      title: 'Back again',
      view: view(
        { ...underway, state: 'returned', returnedFrom: 'underway' },
        { restorable: ['Orders API: read logs and messages in prod'] },
      ),
    },
    {
      title: 'Taken back',
      view: view(
        {
          ...underway,
          state: 'cancelled',
          cancelled: {
            by: { id: personId('sam'), name: nameOf('sam') },
            at: after(300),
            reason: 'The wrong Erik',
            stopped: [],
          },
        },
        {
          removed: {
            gone: [{ title: 'Orders API: read logs and messages in prod', until: after(86_400) }],
            left: [],
          },
        },
      ),
    },
  ];
}

/** What stands behind *Details*. */
export function offboardingForms(): FormSample[] {
  const owners = [{ to: named('olga'), items: [item] }];
  const teams: Offboarding['teams'] = [
    {
      id: 'team',
      name: 'Orders API readers',
      isManaged: true,
      membershipType: 'member',
      userIds: ['user'],
      kept: null,
    },
    {
      id: 'other',
      name: 'Architects',
      isManaged: false,
      membershipType: 'maintainer',
      userIds: ['user'],
      kept: null,
    },
  ];
  const open = view(
    { ...underway, state: 'appsOpen', items: [item], teams },
    { owners, duties: ['owner of Orders API'] },
  );
  return [{ title: 'Details: an application is left', view: offboardingDetails(open) }];
}
