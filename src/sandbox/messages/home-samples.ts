import type { HomeView } from '@slack/types';
import type { Change } from '../../core/change/change.ts';
import type { Paged } from '../../core/home/pages.ts';
import type { ChangeId } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import { refuse } from '../../core/refusal.ts';
import type { HomeChange, HomeFacts } from '../../flow/home/facts.ts';
import { homes } from '../../slack/home/home.ts';
import { people } from '../seed.ts';
import { after, type FormSample, named, nameOf, personId } from './sample.ts';
import {
  approval,
  approved,
  asked,
  changeAfter,
  decision,
  planOf,
  received,
  type SampleEvent,
  usual,
} from './sample-change.ts';

const DAY = 86_400;
const LINK = 'https://acme.slack.com/archives/C00000001/p1764430000000100';

/** Home tabs, drawn by the function that draws the real ones. */
export function homeSamples(catalogue: Catalogue): FormSample[] {
  const of = (title: string, facts: HomeFacts): FormSample => ({ title, view: tab(homes.home(facts)) });
  const refused = homes.refusedHome({
    refusal: refuse(
      'guest',
      'Guests neither ask for access nor hold it.',
      'Somebody of the company has to ask.',
    ),
    contacts: [named('sam'), named('sofia')],
  });
  return [
    of('An employee', employee(catalogue)),
    of('An approver', approverHome(catalogue)),
    of('A reviewer', reviewer()),
    of('An admin', admin()),
    of('Nothing yet', facts('erik')),
    of('Nothing, and nothing to ask for', { ...facts('erik'), mayAsk: false }),
    { title: 'A guest', view: tab(refused) },
  ];
}

function tab({ blocks }: { blocks: HomeView['blocks'] }): HomeView {
  return { type: 'home', blocks };
}

function page<T>(shown: T[], rest = 0): Paged<T> {
  return { shown, from: 0, all: shown.length + rest };
}

function facts(key: string, rest: Partial<HomeFacts> = {}): HomeFacts {
  return {
    idpName: 'Okta',
    signInUrl: 'https://anypoint.mulesoft.com/login',
    reader: { id: personId(key), name: nameOf(key) },
    mayAsk: true,
    waiting: page([]),
    reviews: page([]),
    access: page([]),
    usage: { known: 'unknown', why: 'nothing was read yet' },
    requests: page([]),
    past: page([]),
    admin: null,
    people: new Map(people.map((one) => [personId(one.key) as string, named(one.key)])),
    ...rest,
  };
}

/** A tab shows several changes: each has an id of its own. */
function numbered(n: number, events: readonly SampleEvent[]): Change {
  return { ...changeAfter(events), id: `00000000-0000-4000-8000-0000000a11${n}0` as ChangeId };
}

function employee(catalogue: Catalogue): HomeFacts {
  const { read, deploy } = usual(catalogue);
  const plan = planOf(['tom', 'olga']);
  const held = numbered(1, [
    received(read),
    asked(read, plan),
    approval('tom'),
    approved(read),
    { type: 'idpWritten', wrote: 'added' },
    { type: 'changeSeen', note: null },
  ]);
  const denied = numbered(3, [
    received(read),
    asked(read, plan),
    {
      type: 'changeDenied',
      decision: decision('denied', 'tom', 'Erik has it: ask him to look.'),
      revokeId: null,
    },
  ]);
  const line = (change: Change, title: string): HomeChange => ({
    change,
    ending: null,
    title,
    owner: null,
    mayAsk: true,
  });
  return facts('ines', {
    access: page([
      { title: read.title, gives: read.gives, change: held, ending: null, since: after(60), extension: null },
      {
        title: 'Anypoint Design Center',
        gives: 'editing API specifications',
        change: null,
        ending: null,
        since: null,
        extension: null,
      },
    ]),
    usage: { known: 'used', at: after(-2 * DAY), source: 'idpSignIns', what: null, checkedAt: after(0) },
    requests: page([line(numbered(2, [received(deploy), asked(deploy, plan)]), deploy.title)]),
    past: page([line(denied, 'Payments API: read logs in prod')], 12),
  });
}

function approverHome(catalogue: Catalogue): HomeFacts {
  const { read, deploy } = usual(catalogue);
  const change = numbered(4, [received(read), asked(read, planOf(['tom', 'olga']))]);
  return facts('tom', {
    waiting: page([
      {
        kind: 'change',
        change,
        title: read.title,
        gives: read.gives,
        summary: 'A person of Orders asks for access that two people there have.',
        url: LINK,
      },
      {
        kind: 'change',
        change: numbered(5, [
          received(deploy, { requesterId: personId('erik'), reason: 'Ines is to take over the watch' }),
          asked(deploy, planOf(['tom'])),
        ]),
        title: deploy.title,
        gives: deploy.gives,
        summary: null,
        url: LINK,
      },
      { kind: 'applications', personId: personId('nadia'), count: 2, url: LINK },
    ]),
  });
}

function reviewer(): HomeFacts {
  return facts('olga', {
    reviews: page([
      {
        title: 'Production access, first quarter',
        progress: '12 of 40 lines submitted.',
        dueAt: after(7 * DAY),
        url: LINK,
      },
    ]),
    usage: { known: 'not since', since: after(-60 * DAY), checkedAt: after(0) },
  });
}

function admin(): HomeFacts {
  return facts('sam', {
    waiting: page([{ kind: 'leaver', personId: personId('erik'), url: LINK }]),
    admin: {
      troubles: ['Okta does not answer: what is decided is written once it does.'],
      ready: 6,
      entitlements: 7,
      findings: 3,
      massChanges: 1,
      late: 0,
      failed: 2,
      cases: page([
        { person: named('erik'), state: 'asking', isLate: false, url: LINK },
        { person: named('nadia'), state: 'appsOpen', isLate: true, url: LINK },
      ]),
    },
  });
}
