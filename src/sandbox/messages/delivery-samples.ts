import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { DeliveryView } from '../../flow/delivery/view.ts';
import { entraAdvice } from '../../idp/entra/advice.ts';
import { after, CHANNEL, named, type Sample, T0 } from './sample.ts';

export function deliverySamples(catalogue: Catalogue): Sample<DeliveryView>[] {
  const of = catalogue.entitlements.find(({ key }) => key === 'orders-api-read');
  const target = {
    idp: 'okta',
    groupId: 'group',
    groupName: 'anypoint-orders-read',
    teamId: 'team',
    teamName: 'Orders API readers',
  };
  const trouble: DeliveryView['trouble'] = {
    id: 'delivery',
    kind: 'unmapped',
    target: { ...target, delivery: 'claim' },
    since: T0,
    why: 'nothing in Anypoint maps anypoint-orders-read to the team Orders API readers, so no sign-in would give it: add the mapping under Access Management > Teams > Orders API readers > External IdP Groups',
    seenIds: [],
    personIds: [],
    isTold: true,
    mendedAt: null,
  };
  const view: DeliveryView = {
    trouble,
    idpName: 'Okta',
    titles: [of?.title ?? ''],
    holders: { holders: 12, waiting: 3 },
    missing: [],
    channel: CHANNEL,
    admins: [named('sam'), named('sofia')],
    owners: [named('olga')],
  };
  const missed = { seenIds: ['a', 'b'], personIds: ['a', 'b'] };
  const missing: DeliveryView = {
    ...view,
    trouble: { ...trouble, ...missed, kind: 'missing', why: null },
    missing: ['Erik Lind', 'Ines Moreau'],
  };
  const native = { ...target, delivery: 'native' } as const;
  return [
    { title: 'A group mapping is lost', view },
    { title: 'It is mapped again', view: { ...view, trouble: { ...trouble, mendedAt: after(600) } } },
    {
      title: 'A connector has not pushed everybody',
      view: { ...missing, trouble: { ...missing.trouble, target: native } },
    },
    {
      title: 'Another connector has not',
      view: {
        ...missing,
        idpName: 'Entra',
        ...(entraAdvice.connectorNow === undefined ? {} : { connectorNow: entraAdvice.connectorNow }),
        trouble: { ...missing.trouble, target: { ...native, idp: 'entra' } },
      },
    },
    { title: 'People have lost at a sign-in what they should have', view: missing },
    { title: 'They are there', view: { ...missing, trouble: { ...missing.trouble, mendedAt: after(600) } } },
  ];
}
