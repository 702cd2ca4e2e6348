import type { Change } from '../../core/change/change.ts';
import type { EntitlementKey } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import { refuse } from '../../core/refusal.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { askingSamples } from './asking-samples.ts';
import { after, approver, named, nameOf, personId, type Sample } from './sample.ts';
import {
  approval,
  approved,
  asked,
  changeAfter,
  decision,
  planOf,
  received,
  type SampleEvent,
  summaryOf,
  usual,
  viewOf,
} from './sample-change.ts';
import { scheduledSamples } from './scheduled-samples.ts';

export function changeSamples(catalogue: Catalogue): Sample<ChangeView>[] {
  return [
    ...waiting(catalogue),
    ...askingSamples(catalogue),
    ...scheduledSamples(catalogue),
    ...decided(catalogue),
    ...onTheWay(catalogue),
    ...over(catalogue),
    ...found(catalogue),
  ];
}

function waiting(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read, deploy } = usual(catalogue);
  const simple = changeAfter([received(read), asked(read, planOf(['tom', 'olga']))]);
  const two = changeAfter([
    received(deploy, {
      ticket: null,
      requestedSeconds: deploy.maxSeconds,
      reason: 'Rolling out the fix tonight',
    }),
    asked(deploy, planOf(['tom', 'olga'], { of: 'all' }), {
      conflicts: [
        {
          with: 'platform-admin' as EntitlementKey,
          title: 'Anypoint platform administration',
          how: 'held',
          because: null,
          text: 'holds Anypoint platform administration; that must not come together with Orders API: deploy to prod',
        },
      ],
      holds: [
        {
          needs: 'secondApprover',
          text: 'it must be kept apart from what they have',
          clause: 'AC-10',
          rule: 'r',
        },
      ],
    }),
    approval('tom'),
  ]);
  const longer = changeAfter([
    received(read, { cause: 'extension', ticket: null, reason: 'The incident goes on' }),
    asked(read, planOf(['tom', 'olga'])),
  ]);
  const forOther = changeAfter([
    received(read, { requesterId: personId('erik'), reason: 'Ines is to take over the watch' }),
    asked(read, planOf(['tom', 'olga'])),
    { type: 'approversReminded', people: [{ id: personId('tom'), name: nameOf('tom') }] },
  ]);
  const noModel = summaryOf(read, simple, { advice: { answered: false, why: 'down' } });
  return [
    { title: 'Waiting for a decision', view: viewOf(read, simple) },
    { title: 'Waiting, the model is down', view: viewOf(read, simple, { summary: noModel }) },
    {
      title: 'High tier, kept apart from what they have, one of two has approved',
      view: viewOf(deploy, two, { summary: summaryOf(deploy, two, { holders: 0, near: 0 }) }),
    },
    {
      title: 'An extension',
      view: viewOf(read, longer, { summary: summaryOf(read, longer, { heldUntil: after(7_200) }) }),
    },
    {
      title: 'Asked for somebody else, and reminded',
      view: viewOf(read, forOther, { requester: named('erik') }),
    },
    ...slow(catalogue),
  ];
}

/** What time brings to a request that waits. */
function slow(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read, deploy } = usual(catalogue);
  const silent: SampleEvent[] = [
    received(read),
    asked(read, planOf(['tom'])),
    { type: 'approversReminded', people: [{ id: personId('tom'), name: nameOf('tom') }], after: 14_400 },
    { type: 'approversWarned', nextAt: after(28_800), next: 'the owner', after: 21_600 },
  ];
  const rung = { source: 'owner', people: [approver('olga')], pinged: true };
  const escalated = changeAfter([
    ...silent,
    { type: 'approversEscalated', rung: 1, why: 'noAnswer', to: 'the owner', after: 28_800 },
    asked(read, planOf(['tom'], { rungs: [rung] })),
  ]);
  const officers = { source: 'group security-officers', people: [approver('sam')], pinged: true };
  const staged = planOf(['tom']);
  const second = changeAfter([
    received(deploy),
    asked(deploy, {
      ...staged,
      stages: [...staged.stages, { of: 'any', quorum: 1, slots: [officers], escalated: false }],
    }),
    approval('tom'),
    { type: 'stageOpened', stage: 1, lapsesAt: after(300_000) },
  ]);
  return [
    {
      title: 'Nobody answers: reminded, and warned',
      view: viewOf(read, changeAfter(silent), { pinged: [named('tom')] }),
    },
    { title: 'Nobody answered: the next rung of the ladder is asked too', view: viewOf(read, escalated) },
    {
      title: 'The second of two stages',
      view: viewOf(deploy, second, { pinged: [named('sam')], owner: named('olga') }),
    },
  ];
}

function decided(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read } = usual(catalogue);
  const begun: SampleEvent[] = [received(read), asked(read, planOf(['tom', 'olga']))];
  const denied = changeAfter([
    ...begun,
    {
      type: 'changeDenied',
      decision: decision('denied', 'tom', 'Erik has this access already: ask him to look.'),
      revokeId: null,
    },
  ]);
  const refused = changeAfter([
    received(read),
    {
      type: 'requestRefused',
      refusal: refuse(
        'notEligible',
        'Policy does not allow this request: the access is not open to interns.',
        'Ask the owner, Olga Brandt.',
      ),
    },
  ]);
  const withdrawn = changeAfter([
    ...begun,
    { type: 'changeWithdrawn', decision: decision('withdrawn', 'ines') },
  ]);
  const lapsed = changeAfter([...begun, { type: 'requestLapsed', decision: decision('lapsed', null) }]);
  const closed = changeAfter([
    ...begun,
    { type: 'requestClosed', decision: decision('closed', null, 'Ines Moreau has left') },
  ]);
  return [
    { title: 'Denied', view: viewOf(read, denied) },
    { title: 'Refused by rule', view: viewOf(read, refused, { summary: null }) },
    { title: 'Taken back', view: viewOf(read, withdrawn) },
    { title: 'Lapsed', view: viewOf(read, lapsed) },
    { title: 'Closed, because they have left', view: viewOf(read, closed) },
  ];
}

/** As it is told where Anypoint gives the access at the next sign-in. */
function byClaim(sample: Sample<ChangeView>): Sample<ChangeView> {
  const { target } = sample.view.change;
  if (target === null) return sample;
  const change: Change = { ...sample.view.change, target: { ...target, delivery: 'claim' } };
  return { ...sample, view: { ...sample.view, change } };
}

function onTheWay(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read } = usual(catalogue);
  const begun: SampleEvent[] = [
    received(read),
    asked(read, planOf(['tom', 'olga'])),
    approval('tom'),
    approved(read),
  ];
  const written: SampleEvent = { type: 'idpWritten', wrote: 'added', after: 61 };
  const pushed: SampleEvent = { type: 'scimPushed', after: 63 };
  const delivered: SampleEvent = { type: 'delivered', wrote: 'added', after: 64 };
  const seen: SampleEvent = { type: 'changeSeen', note: null, after: 65 };
  const of = (title: string, events: SampleEvent[]) => ({
    title,
    view: viewOf(read, changeAfter([...begun, ...events])),
  });
  return [
    of('Approved, being written to the identity provider', []),
    of('Written, and not pushed yet', [written]),
    of('Pushed, and not carried into the team yet', [written, pushed]),
    of('Carried into the team, and not seen yet', [written, pushed, delivered]),
    of('Waiting for the first sign-in', [written, { type: 'signInAwaited' }]),
    byClaim(of('Waiting for the next sign-in', [written, { type: 'signInAwaited', isForClaim: true }])),
    byClaim(
      of('No sign-in would give it', [
        written,
        {
          type: 'signInAwaited',
          isForClaim: true,
          isUnmapped: true,
          trouble:
            'nothing in Anypoint maps anypoint-orders-read to the team Orders API readers, so no sign-in would give it',
        },
      ]),
    ),
    of('Late', [
      written,
      { type: 'changeLate', leg: 'scimPush', why: 'Okta has not pushed the group', after: 121 },
    ]),
    of('In effect', [written, pushed, delivered, seen]),
    of('In effect, seen after the first sign-in', [
      written,
      pushed,
      { type: 'signInAwaited' },
      { type: 'signedIn', after: 95 },
      { type: 'delivered', wrote: 'added', after: 96 },
      { type: 'changeSeen', note: null, after: 97 },
    ]),
    of('In effect, and ending soon', [
      written,
      pushed,
      delivered,
      seen,
      { type: 'endingWarned', endsAt: after(86_460) },
    ]),
    of('Refused by the identity provider', [
      { type: 'applyFailed', code: 'E0000006', text: 'the group is read-only' },
    ]),
  ];
}

function over(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read } = usual(catalogue);
  const held: SampleEvent[] = [
    received(read),
    asked(read, planOf(['tom', 'olga'])),
    approval('tom'),
    approved(read),
    { type: 'idpWritten', wrote: 'added', after: 61 },
    { type: 'changeSeen', note: null, after: 65 },
  ];
  const ended = (cause: 'expiry' | 'release' | 'leaver', stillHeld = false): SampleEvent =>
    ({
      type: 'grantEnded',
      cause,
      by: null,
      revokeId: stillHeld ? null : ('revoke' as Change['id']),
      stillHeld,
      stillHeldUntil: stillHeld ? after(172_800) : null,
    }) as SampleEvent;
  const revoke = (events: readonly SampleEvent[]): Change =>
    changeAfter([
      received(read, { kind: 'revoke', cause: 'expiry', requesterId: null, requestedSeconds: null }),
      { ...approved(read), after: 60, grant: null, decision: decision('approved', null) } as SampleEvent,
      ...events,
    ]);
  const view = (cause: 'expiry' | 'release' | 'leaver', ending: Change | null, stillHeld = false) =>
    viewOf(read, changeAfter([...held, ended(cause, stillHeld)]), { ending });
  const written: SampleEvent = { type: 'idpWritten', wrote: 'removed', after: 61 };
  return [
    { title: 'Ending', view: view('expiry', revoke([])) },
    {
      title: 'Gone',
      view: view('release', revoke([written, { type: 'changeSeen', note: null, after: 64 }])),
    },
    {
      title: 'The end is late',
      view: view(
        'expiry',
        revoke([written, { type: 'changeLate', leg: 'delivery', why: 'Anypoint answers 503', after: 121 }]),
      ),
    },
    { title: 'This grant has ended, another goes on', view: view('expiry', null, true) },
  ];
}

function found(catalogue: Catalogue): Sample<ChangeView>[] {
  const { deploy } = usual(catalogue);
  const finding = (cause: 'finding' | 'loss', reason: string) =>
    changeAfter([
      received(deploy, { cause, requesterId: null, requestedSeconds: null, ticket: null, reason }),
      asked(deploy, planOf(['olga'])),
    ]);
  const of = (title: string, change: Change, mark: Partial<ChangeView> = {}) => ({
    title,
    view: viewOf(deploy, change, {
      pinged: [named('olga')],
      summary: null,
      doneBy: { name: nameOf('erik'), at: after(-600) },
      ...mark,
    }),
  });
  const kept = finding('finding', 'In the group since this morning');
  return [
    of('Found: in a group, and nobody asked for it', kept),
    of('Found: taken out by hand', finding('loss', 'Taken out although a grant wants them in')),
    of(
      'Found, and taken away',
      changeAfter([
        received(deploy, {
          cause: 'finding',
          requesterId: null,
          requestedSeconds: null,
          reason: 'In the group since this morning',
        }),
        asked(deploy, planOf(['olga'])),
        {
          type: 'changeDenied',
          decision: decision('denied', 'olga', 'Nobody asked for it.'),
          revokeId: null,
        },
      ]),
    ),
  ];
}
