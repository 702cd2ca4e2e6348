import type { AnchorView } from '../../flow/audit/anchors.ts';
import type { CanaryView } from '../../flow/canary/view.ts';
import type { RefusedPushView } from '../../flow/drift/refused-push.ts';
import type { PolicyView } from '../../flow/policy/policy-alarm.ts';
import type { QueueView } from '../../flow/queue/queue-alarm.ts';
import type { SecretView } from '../../flow/secrets/secret-ages.ts';
import { oktaAdvice } from '../../idp/okta/advice.ts';
import { after, CHANNEL, named, type Sample, T0 } from './sample.ts';

const admins = [named('sam'), named('sofia')];

export function canarySamples(): Sample<CanaryView>[] {
  const raised: CanaryView = {
    idpName: 'Okta',
    pushNow: oktaAdvice.pushNow,
    alarm: { id: 'alarm', since: T0, raisedAt: after(120), clearedAt: null },
    stuck: { direction: 'grant', leg: 'scimPush', why: 'Okta has not pushed the group', at: after(60) },
    misses: 2,
    cleared: null,
    objectiveMs: 60_000,
    canary: {
      person: 'kit@acme.example',
      everySeconds: 300,
      groupName: 'anypoint-canary',
      teamName: 'Canary',
    },
    channel: CHANNEL,
    admins,
  };
  const cleared = {
    ...raised,
    alarm: { ...raised.alarm, clearedAt: after(900) },
    cleared: { thereMs: 3_200, backMs: 2_900 },
  };
  return [
    { title: 'Canary alarm', view: raised },
    { title: 'Canary alarm cleared', view: cleared },
  ];
}

export function policySamples(): Sample<PolicyView>[] {
  const broken: PolicyView = {
    trouble: {
      id: 'trouble',
      since: T0,
      mistakes: [
        'catalogue.yaml line 41: owner: not an e-mail address',
        'rules.cedar line 7: unknown action "aprove"',
      ],
      mendedAt: null,
    },
    channel: CHANNEL,
    admins,
  };
  return [
    { title: 'A policy that can’t be put in force', view: broken },
    { title: 'Mended', view: { ...broken, trouble: { ...broken.trouble, mendedAt: after(600) } } },
  ];
}

export function refusedPushSamples(): Sample<RefusedPushView>[] {
  const push = {
    id: 'push',
    notice_id: 'notice',
    kind: 'user' as const,
    resource_id: 'scim-1',
    name: 'Erik Lind',
    held: 'deactivation' as const,
    client: 'okta',
    request: 'PATCH /Users/scim-1',
    why: 'active: must be true or false',
    times: 2,
    first_at: T0,
    last_at: after(60),
    settled_at: null,
  };
  const view = { idpName: 'Okta', pushes: [push], channel: CHANNEL, admins };
  return [
    { title: 'A push that had to be refused', view },
    { title: 'It has come through', view: { ...view, pushes: [{ ...push, settled_at: after(300) }] } },
  ];
}

export function queueSamples(): Sample<QueueView>[] {
  const away: QueueView = {
    trouble: { id: 'queue', since: T0, why: 'does not answer', backAt: null },
    channel: CHANNEL,
    admins,
  };
  return [
    { title: 'The queue is away', view: away },
    { title: 'The queue is back', view: { ...away, trouble: { ...away.trouble, backAt: after(90) } } },
  ];
}

export function secretSamples(): Sample<SecretView>[] {
  const secret = {
    id: 'secret',
    name: 'ANYPOINT_CLIENT_SECRET',
    source: 'secret://aws/latchkey/prod#anypoint',
    version: '7c1f6a52',
    madeAt: T0,
    replacedAt: null,
  };
  const [away] = queueSamples() as [Sample<QueueView>];
  const { channel, admins } = away.view;
  return [
    { title: 'A secret is old', view: { secret, channel, admins } },
    {
      title: 'An old secret was replaced',
      view: { secret: { ...secret, replacedAt: after(90) }, channel, admins },
    },
  ];
}

export function anchorSamples(): Sample<AnchorView>[] {
  const note =
    'latchkey.acme.example/audit\n20852\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— latchkey.acme.example/audit Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
  const view = { channel: 'audit-checkpoints', size: 20_852, note, madeAt: T0 };
  return [{ title: 'A checkpoint of the audit', view }];
}
