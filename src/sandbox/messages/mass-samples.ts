import { findingSheet, plainFinding } from '../../core/facts/finding-facts.ts';
import type { MassChangeId } from '../../core/ids.ts';
import type { MassChange, MassKind } from '../../core/mass-change/mass-change.ts';
import type { MassProgress } from '../../core/mass-change/words.ts';
import type { Catalogue, Entitlement } from '../../core/policy/catalogue.ts';
import type { MassView } from '../../flow/mass-change/view.ts';
import { massDetails } from '../../slack/mass-change/details.ts';
import type { Summary } from '../../store/summaries.ts';
import { after, CHANNEL, type FormSample, named, nameOf, personId, type Sample, T0 } from './sample.ts';
import { advised, planOf, usual } from './sample-change.ts';

const none: MassProgress = {
  open: 0,
  kept: { all: 0, seen: 0 },
  reverted: { all: 0, seen: 0 },
  late: [],
  failed: 0,
  signIn: 0,
  nextSignIn: 0,
  unmapped: 0,
};

function massOf(deploy: Entitlement, kind: MassKind, rest: Partial<MassChange> = {}): MassChange {
  return {
    id: '00000000-0000-4000-8000-00000000a551' as MassChangeId,
    kind,
    state: 'asking',
    version: 2,
    scope: 'group',
    entitlementKey: deploy.key,
    target: {
      idp: 'okta',
      groupId: 'group',
      groupName: deploy.idpGroup,
      teamId: 'team',
      teamName: deploy.team,
    },
    owner: deploy.owner,
    moved: null,
    round: 1,
    openedAt: T0,
    plan: planOf(['olga']),
    answers: [],
    itemAnswers: [],
    remindedAt: null,
    decision: null,
    ...rest,
  };
}

function viewOf(
  deploy: Entitlement,
  mass: MassChange,
  rest: Omit<Partial<MassView>, 'progress'> & { progress: Partial<MassProgress> },
): MassView {
  return {
    idpName: 'Okta',
    mass,
    foundThere: 0,
    title: deploy.title,
    gives: deploy.gives,
    tier: deploy.tier,
    deciders: [named('olga')],
    mover: null,
    admins: [],
    items: [],
    summary: null,
    channel: CHANNEL,
    ...rest,
    progress: { ...none, ...rest.progress },
  };
}

const switchedOff = ['ines', 'erik', 'nadia', 'olga', 'sam', 'tom'].map((key) => ({
  key,
  note: null,
  personId: personId(key),
  name: nameOf(key),
  department: 'Orders',
  status: 'suspended',
}));

/** The facts of a finding, with the model's advice. */
function summaryOfMany(deploy: Entitlement): Summary {
  const sheet = findingSheet({
    cause: 'finding',
    who: {
      count: 25,
      departments: [
        { department: 'Orders', people: 21 },
        { department: 'Payments', people: 4 },
      ],
      inactive: 3,
    },
    entitlement: deploy,
    group: deploy.idpGroup,
    told: { actors: [], eventSources: ['scim', 'oktaLog'], firstAt: T0, lastAt: after(180) },
    holders: 4,
    foundBefore: 2,
    policy: 'policy does not allow 4 of them to hold it: 4 because it is not open to Payments',
    clauses: [{ id: 'AC-3', text: 'Access to production is given for a purpose and for a time.' }],
  });
  return { sheet, plain: plainFinding(sheet), advice: advised };
}

/** What stands behind *Details* of two of the cards. */
export function massForms(catalogue: Catalogue): FormSample[] {
  const [finding, , , switchedOffCard] = massSamples(catalogue);
  return [finding, switchedOffCard].flatMap((sample) =>
    sample === undefined
      ? []
      : {
          title: `Details: ${sample.title}`,
          view: massDetails(sample.view, { items: switchedOff, count: 25 }),
        },
  );
}

export function massSamples(catalogue: Catalogue): Sample<MassView>[] {
  const { deploy } = usual(catalogue);
  const mass = (kind: MassKind, rest: Partial<MassChange> = {}) => massOf(deploy, kind, rest);
  const view = (one: MassChange, progress: Partial<MassProgress>, rest: Partial<MassView> = {}) =>
    viewOf(deploy, one, { ...rest, progress });
  const reverted = {
    verb: 'revert' as const,
    by: personId('olga'),
    byName: nameOf('olga'),
    at: after(600),
    clickId: 'c',
    chosen: null,
  };
  const found = summaryOfMany(deploy);
  return [
    { title: 'Many were put into a group', view: view(mass('finding'), { open: 25 }, { summary: found }) },
    { title: 'Many were taken out of a group', view: view(mass('lost'), { open: 12 }, { foundThere: 3 }) },
    { title: 'Many are in a team, and nothing gives it to them', view: view(mass('excess'), { open: 40 }) },
    {
      title: 'Many were switched off at once',
      view: view(
        mass('deactivated', { entitlementKey: null, target: null }),
        { open: 60 },
        { gives: null, tier: null, title: '', items: switchedOff },
      ),
    },
    movedSample(deploy),
    {
      title: 'Decided, and on its way',
      view: view(mass('finding', { state: 'decided', decision: reverted }), {
        reverted: { all: 25, seen: 22 },
      }),
    },
    {
      title: 'Decided, and some are late',
      view: view(mass('finding', { state: 'decided', decision: reverted }), {
        reverted: { all: 25, seen: 22 },
        late: [{ leg: 'delivery', count: 3, outcome: 'reverted' }],
      }),
    },
    {
      title: 'Kept, and given at the next sign-in',
      view: view(mass('finding', { state: 'decided', decision: { ...reverted, verb: 'keep' } }), {
        kept: { all: 25, seen: 20 },
        nextSignIn: 5,
        unmapped: 2,
      }),
    },
    {
      title: 'Decided, and a connector is late',
      view: view(mass('finding', { state: 'decided', decision: reverted }), {
        reverted: { all: 25, seen: 22 },
        late: [{ leg: 'delivery', delivery: 'native', count: 3, outcome: 'reverted' }],
      }),
    },
    {
      title: 'Done',
      view: view(mass('finding', { state: 'done', decision: reverted }), { reverted: { all: 25, seen: 25 } }),
    },
  ];
}

function movedSample(deploy: Entitlement): Sample<MassView> {
  const moved = massOf(deploy, 'moved', {
    entitlementKey: null,
    target: null,
    moved: { personId: personId('nadia'), from: 'Payments', to: 'Orders' },
    plan: planOf(['tom']),
  });
  const held = [
    'Payments API: read logs in prod, not open to Orders',
    'Dashboards, approved by Sofia Ricci as manager, who is no longer that',
  ];
  const person = {
    personId: personId('nadia'),
    name: nameOf('nadia'),
    department: 'Orders',
    status: 'active',
  };
  return {
    title: 'Somebody moved, and holds what no longer fits',
    view: viewOf(deploy, moved, {
      progress: { open: 2 },
      title: '',
      gives: null,
      tier: null,
      mover: named('nadia'),
      deciders: [named('tom')],
      items: held.map((note, i) => ({ key: String(i), note, ...person })),
    }),
  };
}
