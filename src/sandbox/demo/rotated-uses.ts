import type { Latchkey } from '../../latchkey.ts';
import { createBrowser, signInBy } from '../browser.ts';
import type { Elsewhere, Rotated } from '../secrets/elsewhere.ts';
import type { SeenMessage, Visitor } from '../visitor.ts';
import { prove, type Say } from './journeys.ts';
import { linkOf } from './step-up.ts';

const USED_WITHIN_MS = 60_000;
const REASON = 'Moving the gateways while secrets are rotated';

type Around = { visitor: Visitor; latchkey: Latchkey; elsewhere: Elsewhere; isFirst: boolean };

/** Resolves when the setting was used with its new value and nothing is wrong with it. Some are used by nobody else. */
export async function provenUse(setting: Rotated, around: Around): Promise<void> {
  const { visitor, elsewhere } = around;
  const since = new Date();
  await uses[setting]?.(around);
  await visitor.until(
    `${setting} is used with its new value`,
    async (saw) => {
      const state = saw(elsewhere.book.states().find(({ name }) => name === setting));
      return state?.trouble === null && (state.lastUsedAt ?? since) > since;
    },
    USED_WITHIN_MS,
  );
}

/** What those do that the load of changes does not use. */
const uses: Partial<Record<Rotated, (around: Around) => Promise<void>>> = {
  async READ_TOKEN({ latchkey, elsewhere }) {
    const authorization = `Bearer ${elsewhere.values().READ_TOKEN}`;
    const { status } = await fetch(`${latchkey.url}/metrics`, { headers: { authorization } });
    prove(status === 200, `figures are given out for the new read token (${status})`);
  },
  /** Entra wants a subscription renewed, which else is looked after every few minutes. */
  async GRAPH_CLIENT_SECRET({ visitor }) {
    await renewalWanted(visitor);
  },
  /** Two sign in afresh, one after each rotation, and then the approval counts. */
  async OIDC_CLIENT_SECRET({ visitor, isFirst }) {
    const ask = { entitlement: 'platform-admin', seconds: 28_800, reason: REASON };
    if (isFirst) prove((await visitor.ask('erik', ask)).sent, 'Erik’s form is accepted');
    const by = isFirst ? 'olga' : 'sam';
    const card = await visitor.card(by, (m: SeenMessage) => JSON.stringify(m.blocks).includes(REASON));
    await visitor.click(by, card, 'approve');
    const page = await signInBy(createBrowser(), await linkOf(visitor, by), {
      user: visitor.idp.signInIdOf(by),
    });
    prove(page.html.includes('Your approval counts'), `the approval of ${by} counts`);
  },
};

/** Each subscription to Entra's notifications has a secret of its own, which no setting names. */
export async function rotateClientStates(visitor: Visitor, { context }: Latchkey, say: Say): Promise<void> {
  const idsOf = async () => {
    const there = await visitor.request<{ id: string }[]>('GET', '/entra/sim/subscriptions');
    return there.map(({ id }) => id);
  };
  const before = await idsOf();
  await context.db
    .updateTable('graph_subscriptions')
    .set({ created_at: new Date(0) })
    .execute();
  await renewalWanted(visitor);
  await visitor.until('every subscription is another', async () => {
    const now = await idsOf();
    return now.length === before.length && now.every((id) => !before.includes(id));
  });
  say(`The secrets of ${before.length} subscriptions to Entra’s notifications are rotated`);
}

async function renewalWanted(visitor: Visitor): Promise<void> {
  const wanted = { resource: 'users', event: 'reauthorizationRequired' };
  await visitor.request('POST', '/entra/sim/lifecycle', wanted);
}
