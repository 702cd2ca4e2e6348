import type { Delegation } from '../../core/delegation/delegation.ts';
import type { DelegationId } from '../../core/ids.ts';
import type { DelegationView } from '../../flow/delegation/view.ts';
import { after, named, nameOf, personId, type Sample } from './sample.ts';

export function delegationSamples(): Sample<DelegationView>[] {
  const delegation: Delegation = {
    id: '00000000-0000-4000-8000-0000000000aa' as DelegationId,
    state: 'planned',
    version: 1,
    person: { id: personId('tom'), name: nameOf('tom') },
    delegate: { id: personId('olga'), name: nameOf('olga') },
    startsAt: after(3_600),
    endsAt: after(5 * 86_400),
    cause: 'asked',
    ended: null,
  };
  const view: DelegationView = {
    delegation,
    person: named('tom'),
    delegate: named('olga'),
    waiting: 0,
    isUsual: false,
  };
  return [
    { title: 'Will be away', view },
    { title: 'Away', view: { ...view, delegation: { ...delegation, state: 'active' }, waiting: 2 } },
    {
      title: 'Back',
      view: {
        ...view,
        delegation: {
          ...delegation,
          state: 'ended',
          ended: { at: after(86_400), why: 'back', by: personId('tom') },
        },
      },
    },
  ];
}
