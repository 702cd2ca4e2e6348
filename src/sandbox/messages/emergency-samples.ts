import type { ChangeId } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import { climbedTo, clockOfStage } from '../../core/policy/ladder.ts';
import type { EmergencyView } from '../../flow/break-glass/view.ts';
import { reviewModal, takeForm } from '../../slack/break-glass/emergency.ts';
import { withEmergency } from '../../slack/request/at-once.ts';
import { requestModal } from '../../slack/request/form.ts';
import { after, type FormSample, named, nameOf, personId, type Sample } from './sample.ts';
import { approved, asked, changeAfter, planOf, received, usual } from './sample-change.ts';

export function emergencySamples(catalogue: Catalogue): Sample<EmergencyView>[] {
  const { deploy } = usual(catalogue);
  const change = changeAfter([
    received(deploy, {
      cause: 'breakGlass',
      requestedSeconds: 3_600,
      reason: 'Orders are lost since the last deployment; I roll it back.',
    }),
    asked(deploy, planOf(['tom', 'olga'], { of: 'all' })),
    approved(deploy),
  ]);
  const changeId = '00000000-0000-4000-8000-0000000000ee' as ChangeId;
  const view: EmergencyView = {
    emergency: { changeId, personId: personId('ines'), openedAt: after(0), review: null, clock: null },
    change,
    title: deploy.title,
    gives: deploy.gives,
    person: named('ines'),
    approvers: [named('tom'), named('olga')],
    admins: [named('sam')],
    channel: catalogue.channel,
    reviewDueAt: after(2 * 86_400),
    askedToo: [],
    reminded: [],
  };
  const review = {
    by: personId('olga'),
    name: nameOf('olga'),
    at: after(5_000),
    clickId: 'click',
  };
  return [
    { title: 'Taken in an emergency', view },
    overdue(view),
    {
      title: 'Looked at: justified',
      view: {
        ...view,
        emergency: {
          ...view.emergency,
          review: { ...review, found: 'justified', comment: 'Orders were lost, and nobody else was awake.' },
        },
      },
    },
    {
      title: 'Looked at: not justified',
      view: {
        ...view,
        emergency: {
          ...view.emergency,
          review: { ...review, found: 'notJustified', comment: 'Nothing was broken. Please ask next time.' },
        },
      },
    },
  ];
}

function overdue(view: EmergencyView): Sample<EmergencyView> {
  const dueAt = view.reviewDueAt;
  const climbed = { at: after(2.5 * 86_400), to: 'the catalogue’s admins', why: 'noAnswer' } as const;
  const clock = {
    ...climbedTo(clockOfStage(0, dueAt), 1, climbed),
    reminders: [{ at: dueAt, people: [{ id: personId('tom'), name: nameOf('tom') }] }],
  };
  return {
    title: 'Its review is overdue: reminded, and a rung of the ladder is asked too',
    view: {
      ...view,
      emergency: { ...view.emergency, clock },
      askedToo: [named('sofia')],
      reminded: [named('tom')],
    },
  };
}

export function emergencyForms(catalogue: Catalogue): FormSample[] {
  const { read, deploy } = usual(catalogue);
  const takeable = [read, deploy].map(({ key, title }) => ({ key, title, most: 3_600 }));
  return [
    { title: '/access emergency', view: takeForm(takeable, [900, 1_800, 3_600]) },
    {
      title: 'Asked for in the request form: the reason stays',
      view: takeForm(takeable.slice(1), [900, 1_800, 3_600], 'Orders are lost since release 4.2'),
    },
    {
      title: '/access, where somebody may take it at once',
      view: withEmergency(requestModal([read, deploy], deploy), deploy.key),
    },
    { title: 'It was justified', view: reviewModal('justified', {}) },
    { title: 'It was not justified', view: reviewModal('notJustified', {}) },
  ];
}
