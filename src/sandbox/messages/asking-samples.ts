import type { Change } from '../../core/change/change.ts';
import type { ChangeId } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { ChangeView, JointView } from '../../flow/messages/change-view.ts';
import { after, named, nameOf, personId, type Sample } from './sample.ts';
import { approval, approved, asked, changeAfter, planOf, received, usual, viewOf } from './sample-change.ts';

/** What the most of a bundle can be. */
const MOST = 10;

function jointParts(catalogue: Catalogue): ChangeView[] {
  const { read } = usual(catalogue);
  const waiting = changeAfter([received(read), asked(read, planOf(['tom', 'olga']))]);
  const joint = (place: number): Change => ({
    ...waiting,
    id: `00000000-0000-4000-8000-00000000c0d${place}` as ChangeId,
    joint: { id: waiting.id, place },
    ...(place === 0 ? {} : { cardOf: waiting.id }),
  });
  return Array.from({ length: MOST }, (_, place) => viewOf(read, joint(place)));
}

/** An approval that counts after a fresh sign-in alone. */
function signInAwaited(catalogue: Catalogue): Sample<ChangeView> {
  const { deploy } = usual(catalogue);
  const change = changeAfter([
    received(deploy),
    asked(deploy, planOf(['tom', 'olga'], { of: 'all' }), {
      holds: [{ needs: 'stepUp', text: 'longer than four hours', clause: 'AC-10', rule: 'r' }],
    }),
    {
      type: 'stepUpAsked',
      stepUp: {
        id: 'step-up',
        by: personId('olga'),
        name: nameOf('olga'),
        clickId: 'click',
        askedAt: after(60),
        expiresAt: after(360),
      },
    },
  ]);
  return { title: 'Waits for a fresh sign-in', view: viewOf(deploy, change) };
}

/** Several asked for together, approvers asked once more, and an end that comes near. */
export function askingSamples(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read } = usual(catalogue);
  const plan = planOf(['tom', 'olga']);
  const by = { id: personId('ines'), name: nameOf('ines') };
  const waiting = changeAfter([received(read), asked(read, plan)]);
  const held = changeAfter([
    received(read, { requestedSeconds: read.maxSeconds }),
    asked(read, plan),
    approval('tom'),
    approved(read),
    { type: 'idpWritten', wrote: 'added' },
    { type: 'changeSeen', note: null },
    { type: 'endingWarned', endsAt: after(read.maxSeconds), warning: 'day' },
  ]);
  const extended: Change = {
    ...held,
    state: 'ended',
    ended: {
      at: after(60),
      cause: 'extension',
      by: personId('tom'),
      stillHeld: true,
      stillHeldUntil: after(2 * read.maxSeconds),
      extendedBy: held.id as ChangeId,
    },
  };
  const items = jointParts(catalogue);
  const [lead = viewOf(read, waiting), ...others] = items;
  return [
    signInAwaited(catalogue),
    {
      title: 'Asked once more',
      view: viewOf(read, { ...waiting, nudges: [{ by: by.id, name: by.name, at: after(60) }] }),
    },
    { title: 'Two asked for together', view: { ...lead, onCard: others.slice(0, 1) } },
    { title: 'As many asked for together as can be', view: { ...lead, onCard: others } },
    { title: 'Asked for together, for others to decide', view: { ...lead, together: others.slice(0, 2) } },
    { title: 'The end is near', view: viewOf(read, held) },
    {
      title: 'It is let end',
      view: viewOf(read, { ...held, endAgreed: { by: by.id, name: by.name, at: after(60) } }),
    },
    { title: 'Extended', view: viewOf(read, extended) },
  ];
}

/** The one message about several, each of which goes its own way. */
export function jointSamples(catalogue: Catalogue): Sample<JointView>[] {
  const { read, deploy } = usual(catalogue);
  const [first, second, ...others] = jointParts(catalogue);
  if (first === undefined || second === undefined) return [];
  const inEffect = changeAfter([
    received(read),
    asked(read, planOf(['tom', 'olga'])),
    approval('tom'),
    approved(read),
    { type: 'idpWritten', wrote: 'added' },
    { type: 'changeSeen', note: null },
  ]);
  const given = {
    ...first,
    change: { ...inEffect, id: first.change.id, joint: first.change.joint } as Change,
  };
  const other = { ...viewOf(deploy, second.change), entitlement: deploy };
  const forOther = (view: ChangeView): ChangeView => ({ ...view, requester: named('erik') });
  return [
    { title: 'Two, both waiting', view: { parts: [first, other] } },
    { title: 'One is in effect, the other waits', view: { parts: [given, other] } },
    { title: 'Asked for somebody else', view: { parts: [forOther(first), forOther(other)] } },
    { title: 'As many as can be', view: { parts: [given, second, ...others] } },
  ];
}
