import type { LostAccountView } from '../../flow/offboarding/lost-account.ts';
import type { ProvisioningView } from '../../flow/provisioning/watch.ts';
import { after, CHANNEL, named, type Sample, T0 } from './sample.ts';

const told = { channel: CHANNEL, admins: [named('sam'), named('sofia')] };

/** One of a person's accounts is lost. */
export function lostAccountSamples(): Sample<LostAccountView>[] {
  const tom = {
    person: named('tom'),
    otherName: 'Entra',
    why: 'left' as const,
    ended: ['Orders API: read', 'Orders API: test data'],
    stays: ['Orders API: deploy'],
    lostAt: T0,
    backAt: null,
  };
  const one: LostAccountView = { idpName: 'Okta', lost: [tom], ...told };
  const erik = { ...tom, person: named('erik'), why: 'lostApp' as const, stays: [], lostAt: after(30) };
  const many = Array.from({ length: 11 }, (_, n) => ({
    ...tom,
    person: { name: `Person ${n + 1}`, accountId: null },
  }));
  return [
    { title: 'One account of two is lost', view: one },
    { title: 'Another one follows', view: { ...one, lost: [tom, erik] } },
    {
      title: 'Many at once',
      view: { ...one, lost: [...many, { ...erik, ended: [], stays: ['Payments: read'] }] },
    },
    { title: 'It is back', view: { ...one, lost: [{ ...tom, backAt: after(3_600) }] } },
  ];
}

/** An identity provider that carries nothing to us. */
export function provisioningSamples(): Sample<ProvisioningView>[] {
  const away: ProvisioningView = {
    idpName: 'Entra',
    trouble: {
      id: 'provisioning',
      idp: 'entra',
      since: T0,
      what: 'its provisioning job is in quarantine',
      said: 'We received this unexpected response from your application: 401 Unauthorized',
      next: 'mend what it says (the enterprise app’s Provisioning logs have each failure), then Restart provisioning in the enterprise app; after four weeks in quarantine Entra switches the job off',
      backAt: null,
    },
    isWatched: true,
    ...told,
  };
  const over = { ...away, trouble: { ...away.trouble, backAt: after(5_400) } };
  return [
    { title: 'In quarantine', view: away },
    { title: 'It carries again', view: over },
    { title: 'It is not looked at any more', view: { ...over, isWatched: false } },
  ];
}
