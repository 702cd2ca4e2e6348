import { elapsedInWords } from '../../core/duration.ts';
import { clientApplications, people } from '../seed.ts';
import type { SeenMessage, Visitor } from '../visitor.ts';
import type { Journey } from './journeys.ts';

const LEAVER = 'tom';
const OBJECTIVE_MS = 60_000;
const PATIENCE_MS = 75_000;
const DASHBOARD = 'orders-dashboard';
const RECONCILER = 'payments-reconciler';
const CARD = 'Offboarding of Tom Okafor';

type Here = SeenMessage & { channel: string };
type Application = { name: string; owners: (string | null)[]; opens: string[] };

function prove(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`not so: ${claim}`);
}

const told = (message: SeenMessage) => `${message.text} ${JSON.stringify(message.blocks)}`;

/**
 * `npm run demo -- leaver`: a team lead leaves. Everything of his is gone, and the case stays open until all is
 * settled.
 */
export const leaverJourney: Journey = {
  name: 'the leaver',
  async run(visitor, say) {
    await threeGrants(visitor);
    say('Tom, a team lead, holds three grants; Anypoint has him in three teams');
    await pendingRequest(visitor);
    const duty = await approvalDuty(visitor);
    say('He has asked to extend one of them, and Ines’ request waits for him');
    prove((await openedBy(visitor)).length === 2, 'both of his client applications open their APIs');
    say('Two client applications are his, and open the Orders API and the Payments API');

    const leftAt = performance.now();
    await visitor.idp.deactivate(LEAVER);
    say(`Tom leaves: ${visitor.idp.name} ${visitor.idp.does('deactivates', 'deactivate')} him`);
    await visitor.until('no team has him', async () => (await teamsOf(visitor)).length === 0, PATIENCE_MS);
    const goneMs = Math.round(performance.now() - leftAt);
    prove(goneMs <= OBJECTIVE_MS, `gone within 60 s (${goneMs} ms)`);
    say(`Anypoint has him in no team any more, ${elapsedInWords(goneMs)} after`, { goneMs });
    await visitor.until(
      'no group has him',
      async () => (await visitor.idp.groupsOf(LEAVER)).length === 0,
      PATIENCE_MS,
    );
    say(`${visitor.idp.name} ${visitor.idp.does('has', 'have')} him in no group that gives access`);
    await cardSays(visitor, 'olga', duty, 'Sofia Ricci');
    say('Ines’ request is put to Olga and, in Tom’s place, to the admins; the old buttons are stale');

    const card = await caseSays(visitor, 'two applications are left');
    prove(told(card).includes('One pending request closed'), 'his request is closed');
    say(`The case stays open: ${headline(card)} ${linesOf(card).join('; ')}`, { lines: linesOf(card) });
    prove((await openedBy(visitor)).length === 2, 'his credentials still open both APIs');
    say('His credentials still open both APIs: nothing else takes those away');

    const forOlga = await applicationFor(visitor, 'olga', DASHBOARD);
    await visitor.clickAndFill('olga', forOlga, 'offboarding_hand_over', { to: { to: slackIdOf('erik') } });
    await visitor.until('it is Erik’s', async () => (await ownersOf(visitor, DASHBOARD)).join() === 'erik');
    await caseSays(visitor, 'one application is left');
    say('Olga, owner of the Orders API, hands the dashboard to Erik; Anypoint shows him as its owner');
    const forSam = await applicationFor(visitor, 'sam', RECONCILER);
    await visitor.click('sam', forSam, 'offboarding_revoke');
    await visitor.until('it is gone', async () => (await ownersOf(visitor, RECONCILER)).length === 0);
    prove((await openedBy(visitor)).join() === DASHBOARD, 'only what was handed over opens anything');
    say('Sam, owner of the Payments API, revokes the other; the gateway lets its credentials in no more');

    const done = await caseSays(visitor, 'Offboarding complete');
    say(`Closed: ${headline(done)}`, { lines: linesOf(done) });
  },
};

async function threeGrants(visitor: Visitor): Promise<void> {
  const asked = [
    ['orders-api-read', ['olga'], 'Reading logs while on call'],
    ['orders-api-deploy', ['olga', 'sofia'], 'Deploying the October release'],
    ['payments-api-read', ['sam'], 'Following refunds through both APIs'],
  ] as const;
  for (const [entitlement, approvers, reason] of asked) {
    await send(visitor, LEAVER, { entitlement, seconds: 3_600, reason });
    const card = await cardOf(visitor, reason);
    for (const approver of approvers) await visitor.click(approver, card, 'approve');
  }
  await visitor.until('three teams have him', async () => (await teamsOf(visitor)).length === 3, PATIENCE_MS);
}

async function pendingRequest(visitor: Visitor): Promise<void> {
  const entitlement = 'orders-api-read';
  const reason = 'On call for another week';
  const offered = await visitor.ask(LEAVER, { entitlement, seconds: 86_400, reason });
  prove(!offered.sent && 'view' in offered, 'the form offers to extend');
  const { view } = offered as { view: Parameters<Visitor['submit']>[1] };
  const duration = { [`duration:${entitlement}`]: '86400' };
  prove((await visitor.submit(LEAVER, view, { duration })).sent, 'the extension is asked for');
  await cardOf(visitor, reason);
}

async function approvalDuty(visitor: Visitor): Promise<string> {
  const reason = 'Rolling back the October release';
  await send(visitor, 'ines', { entitlement: 'orders-api-deploy', reason });
  await cardSays(visitor, 'olga', reason, 'Waiting for');
  return reason;
}

async function send(visitor: Visitor, as: string, ask: Parameters<Visitor['ask']>[1]): Promise<void> {
  const asked = await visitor.ask(as, ask);
  prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
}

function cardOf(visitor: Visitor, reason: string): Promise<Here> {
  return visitor.card('olga', (m) => JSON.stringify(m.blocks).includes(reason));
}

/** A card that tells of this reason says this now. */
async function cardSays(visitor: Visitor, as: string, reason: string, part: string): Promise<Here> {
  return await visitor.card(as, (m) => told(m).includes(reason) && mentions(m, part));
}

/** People in Slack are mentioned by their id. */
function mentions(seen: SeenMessage, part: string): boolean {
  const id = people.find((person) => person.name === part)?.slackId;
  return told(seen).includes(id ?? part);
}

function caseSays(visitor: Visitor, part: string): Promise<Here> {
  return visitor.until(
    `the case says: ${part}`,
    async () =>
      (await visitor.messages('sam', 'access-requests')).find(
        (m) => m.threadTs === null && m.text.startsWith(CARD) && told(m).includes(part),
      ),
    PATIENCE_MS,
  );
}

function applicationFor(visitor: Visitor, as: string, name: string): Promise<Here> {
  return visitor.until(`${as} is asked about ${name}`, async () =>
    (await visitor.messages(as, 'dm')).find((m) => told(m).includes(name) && hasButtons(m)),
  );
}

function hasButtons(message: SeenMessage): boolean {
  return message.blocks.some((block) => block.type === 'actions');
}

function headline(card: SeenMessage): string {
  return card.text.replace(`${CARD}. `, '');
}

/** The legs as the card has them. */
function linesOf(card: SeenMessage): string[] {
  return JSON.stringify(card.blocks)
    .split(/\\n|"/)
    .filter((line) => /^[✓…•]/.test(line));
}

async function teamsOf(visitor: Visitor): Promise<string[]> {
  const teams = await visitor.request<{ name: string; members: { key: string | null }[] }[]>(
    'GET',
    '/anypoint/sim/teams',
  );
  return teams.filter((team) => team.members.some((m) => m.key === LEAVER)).map((team) => team.name);
}

async function applications(visitor: Visitor): Promise<Application[]> {
  return await visitor.request('GET', '/anypoint/sim/applications');
}

async function ownersOf(visitor: Visitor, name: string): Promise<(string | null)[]> {
  return (await applications(visitor)).find((application) => application.name === name)?.owners ?? [];
}

/** Which of the seeded client applications the gateway lets in with their own credentials. */
async function openedBy(visitor: Visitor): Promise<string[]> {
  const seeded = new Set<string>(clientApplications.map(({ name }) => name));
  return (await applications(visitor))
    .filter(({ name, opens }) => seeded.has(name) && opens.length > 0)
    .map(({ name }) => name);
}

function slackIdOf(key: string): string {
  return people.find((person) => person.key === key)?.slackId ?? '';
}
