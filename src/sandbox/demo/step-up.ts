import { createBrowser, signInBy } from '../browser.ts';
import type { Visitor } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Moving the gateways over the weekend';

/** The newest link that this person was sent, other than those that are known. */
export async function linkOf(visitor: Visitor, as: string, known: readonly string[] = []): Promise<string> {
  return await visitor.until('the link is sent', async () => {
    const whispers = (await visitor.messages(as, 'access-requests')).filter((m) => m.ephemeral);
    const found = [...JSON.stringify(whispers).matchAll(/"url":"([^"]+\/step-up\/[^"]+)"/g)];
    return found.map(([, url]) => url ?? '').find((url) => !known.includes(url));
  });
}

/** An approval that counts after a fresh sign-in alone; a Slack session that was stolen can’t give it. */
export const stepUp: Journey = {
  name: 'a fresh sign-in, and a stolen session',
  async run(visitor, say) {
    const asked = await visitor.ask('erik', {
      entitlement: 'platform-admin',
      seconds: 28_800,
      reason: REASON,
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('olga', (m) => JSON.stringify(m.blocks).includes(REASON));
    say('Erik asks for eight hours of administration; policy wants a fresh sign-in of whoever approves');

    await visitor.click('olga', card, 'approve');
    const stolen = await linkOf(visitor, 'olga');
    const page = await signInBy(createBrowser(), stolen, { user: visitor.idp.signInIdOf('nadia') });
    prove(page.html.includes('somebody else signed in'), 'the sign-in of somebody else is refused');
    prove(!(await visitor.isInGroup('erik', 'anypoint-platform-admin')), 'nothing is written');
    say(
      'Somebody with Olga’s Slack session presses Approve, and signs in as who they are: refused, and Olga is told',
    );

    await visitor.click('olga', card, 'approve');
    const hers = await signInBy(createBrowser(), await linkOf(visitor, 'olga', [stolen]), {
      user: visitor.idp.signInIdOf('olga'),
    });
    prove(hers.html.includes('Your approval counts'), 'Olga’s approval counts');
    say('Olga presses Approve herself, signs in with two factors, and her approval counts');

    await visitor.click('sam', card, 'approve');
    await signInBy(createBrowser(), await linkOf(visitor, 'sam'), { user: visitor.idp.signInIdOf('sam') });
    await visitor.until('Anypoint has him', () => visitor.isInTeam('erik', 'Platform admins'), 75_000);
    say('Sam does the same, and Anypoint has Erik in the team');
  },
};
