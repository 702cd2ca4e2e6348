import { type LineKind, lineKinds } from '../../core/digest/digest.ts';
import type { ChangeId, EntitlementKey } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { DigestView, ShownLine } from '../../flow/digest/view.ts';
import { LINES_ON_PAGE, linesModal } from '../../slack/digest/card.ts';
import { after, changeId, type FormSample, named, nameOf, personId, type Sample, T0 } from './sample.ts';

const holders = ['ines', 'erik', 'nadia', 'sam', 'tom', 'kit'];
const DAY = 86_400;

/** A line of each kind, in their order, and then again. */
function lineAt(catalogue: Catalogue, place: number): ShownLine {
  const kind = lineKinds[(place - 1) % lineKinds.length] as LineKind;
  const entitlement = catalogue.entitlements[place % catalogue.entitlements.length];
  const key = holders[place % holders.length] as string;
  return {
    place,
    kinds: kind === 'unused' ? ['unused', 'privileged'] : [kind],
    personId: personId(key),
    personName: nameOf(key),
    entitlementKey: (entitlement?.key ?? '') as EntitlementKey,
    changeId: kind === 'before' ? null : changeId,
    facts: {
      startsAt: kind === 'before' || kind === 'found' ? null : after(-60 * DAY),
      endsAt: kind === 'before' || kind === 'found' ? null : after(3 * DAY),
      usage: { at: after(-43 * DAY), source: 'anypointUsers', what: null },
      silence: kind === 'returned' ? { at: after(-DAY), lastAt: after(-75 * DAY) } : null,
      conflictsWith: null,
    },
    answer: null,
    state: kind === 'found' ? 'asking' : 'inEffect',
    title: entitlement?.title ?? '',
    conflictsWith: kind === 'conflict' ? 'Anypoint platform administration' : null,
    holder: named(key),
    round: 1,
  };
}

function viewOf(catalogue: Catalogue, lines: number): DigestView {
  return {
    digest: {
      id: '00000000-0000-4000-8000-0000000000d1',
      kind: 'personal',
      personId: personId('olga'),
      personName: nameOf('olga'),
      week: '2026-03-02',
      madeAt: T0,
      askedAt: null,
      timeZone: 'Europe/Berlin',
      zoneFrom: 'chat',
      counts: { conflict: 1, found: 1, returned: 1, unused: 3, privileged: 4, before: 1, ending: 2, new: 5 },
      facts: null,
    },
    reader: named('olga'),
    instead: [],
    lines: Array.from({ length: Math.min(lines, 10) }, (_, i) => lineAt(catalogue, i + 1)),
    total: { lines, answered: 0 },
    asked: [],
    idpName: 'Okta',
    unusedSeconds: 30 * DAY,
  };
}

const objections = [
  {
    entitlementKey: 'orders-api-read' as EntitlementKey,
    title: 'Orders API: read logs and messages in prod',
    by: 'Olga Brandt',
    campaign: 'November',
    comment: 'Support does not read orders any more',
  },
];

export function digestSamples(catalogue: Catalogue): Sample<DigestView>[] {
  const view = viewOf(catalogue, 44);
  const said = { by: personId('olga'), byName: nameOf('olga'), at: after(60), clickId: 'click' };
  const revokeId = changeId as ChangeId;
  const answered = view.lines.slice(0, 7).map((line, i): ShownLine => {
    if (i === 0) return { ...line, answer: { ...said, verb: 'revoke', revokeId }, state: 'inEffect' };
    if (i === 2) return { ...line, answer: { ...said, verb: 'keep' } };
    if (i === 3) return { ...line, answer: { ...said, verb: 'ask' } };
    if (i === 6) return { ...line, answer: { ...said, verb: 'notRenewed' } };
    return line;
  });
  const asked = answered.filter((line) => line.answer?.verb === 'ask');
  return [
    { title: 'A weekly digest', view },
    {
      title: 'Some of it answered, and a holder asked',
      view: { ...view, lines: answered, asked, total: { lines: 44, answered: 4 } },
    },
    {
      title: 'Its reader is not in Slack: the admins get it',
      view: {
        ...viewOf(catalogue, 2),
        reader: { name: nameOf('olga'), accountId: null },
        instead: [named('sam'), named('sofia')],
      },
    },
    {
      title: 'The whole picture, for the admins',
      view: {
        ...viewOf(catalogue, 0),
        digest: {
          ...view.digest,
          kind: 'security',
          personId: personId('sam'),
          facts: {
            held: 412,
            people: 186,
            privileged: 23,
            before: 61,
            given: 38,
            ended: 44,
            findings: 2,
            late: 1,
            stillLate: 0,
            openCases: 1,
            unused: 17,
            unknownUse: 9,
            conflicts: 1,
            objections,
            canary: { hits: 2_015, misses: 1, slowestMs: 41_200 },
            lines: 90,
            answered: 71,
            troubles: ['Anypoint’s audit log could not be read: Anypoint refuses this to Latchkey'],
          },
        },
        reader: named('sam'),
      },
    },
  ];
}

export function digestForms(catalogue: Catalogue): FormSample[] {
  const view = viewOf(catalogue, 44);
  const lines = Array.from({ length: LINES_ON_PAGE }, (_, i) => lineAt(catalogue, i + 21));
  return [
    {
      title: 'The rest of a digest, a page in the middle',
      view: linesModal(view, { lines, after: 20, isMore: true }),
    },
  ];
}
