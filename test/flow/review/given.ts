import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll } from 'vitest';
import type { CampaignId, PersonId } from '../../../src/core/ids.ts';
import type { Tier } from '../../../src/core/policy/catalogue.ts';
import { type CampaignPlan, everything } from '../../../src/core/review/campaign.ts';
import type { LineDecision } from '../../../src/core/review/line.ts';
import { idpsOf } from '../../../src/flow/idps/idps.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import type { Context } from '../../../src/flow/kernel/context.ts';
import { carryOutCampaign } from '../../../src/flow/review/carry-out.ts';
import { noAdviser } from '../../../src/model/adviser.ts';
import type { Adviser } from '../../../src/ports/adviser.ts';
import type { ChatAccount } from '../../../src/ports/chat.ts';
import type { IdentityProvider, IdpPerson } from '../../../src/ports/identity-provider.ts';
import { type Locks, openLocks } from '../../../src/store/postgres/locks.ts';
import { readCampaign } from '../../../src/store/reviews.ts';
import { entitlement, target } from '../../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

const plan: CampaignPlan = {
  name: 'November',
  scope: everything,
  reviewers: 'owner',
  fallback: [],
  dueSeconds: 14 * 86_400,
  overdue: 'escalate',
  extendSeconds: 7 * 86_400,
};

/** A real database, and what a campaign needs beside it. What the catalogue says can be changed by a test. */
export function reviewScene() {
  let fresh: FreshDatabase;
  let locks: Locks;
  beforeAll(async () => {
    fresh = await freshDatabase();
    locks = openLocks(fresh.url);
  });
  afterAll(async () => {
    await locks.close();
    await fresh.close();
  });
  const book = {
    target: target as typeof target | null,
    birthright: { departments: ['Orders', 'Support'] } as { departments: string[] } | null,
    admins: ['sam@acme.example'],
    reviewEverySeconds: null as number | null,
    /** As the IdP has them. */
    inIdp: [] as IdpPerson[],
    /** Accounts of the chat, by id. */
    inChat: new Map<string, ChatAccount>(),
    adviser: noAdviser as Adviser,
    reviewNotes: [] as string[],
    tier: 'medium' as Tier,
  };
  const found = () => ({
    ...entitlement({ tier: book.tier }),
    birthright: book.birthright,
    reviewEverySeconds: book.reviewEverySeconds,
  });
  const scene = {
    book,
    get db() {
      return fresh.database.db;
    },
    context: () =>
      ({
        db: fresh.database.db,
        locks,
        nudge: () => {},
        log: { warn() {}, error() {} },
        idps: idpsOf({
          system: 'okta',
          name: 'Okta',
          findPeopleByEmail: async (email: string) => book.inIdp.filter((p) => p.email === email),
        } as Partial<IdentityProvider> as IdentityProvider),
        chat: {
          system: 'slack',
          name: 'Slack',
          findByEmail: async () => null,
          whoIs: async (account: string) => book.inChat.get(account) ?? null,
        },
        adviser: book.adviser,
        catalogue: {
          current: () => ({
            admins: book.admins,
            canary: null,
            entitlements: [found()],
            clauses: [],
            reviewNotes: book.reviewNotes,
          }),
          entitlement: found,
          status: () =>
            book.target === null ? { status: 'unchecked' } : { status: 'ready', target: book.target },
        },
      }) as never as Context,

    /** A campaign that was started with these lines; `since`: how long ago its snapshot was taken, in seconds. */
    async started(lines: readonly GivenLine[], over: Partial<CampaignPlan> = {}): Promise<CampaignId> {
      const id = randomUUID() as CampaignId;
      const { db } = fresh.database;
      const base = (at: Date) => ({ campaignId: id, at, actor: { part: 'latchkey' } as const });
      const prepared = { rules: 0, byRule: 0, counted: 0, withoutReviewer: 0, reviewers: 1, onCards: 0 };
      await commit(db, async ({ now }) => ({
        result: null,
        events: [
          {
            ...base(now),
            type: 'campaignOpened',
            cause: 'person',
            plan: { ...plan, ...over },
            startedBy: null,
          },
          {
            ...base(now),
            type: 'snapshotTaken',
            keys: ['orders' as never],
            lines: lines.length,
            comparedAt: now,
          },
          { ...base(now), type: 'campaignPrepared', prepared: { ...prepared, lines: lines.length } },
          { ...base(now), type: 'campaignStarted', dueAt: new Date(now.getTime() + 14 * 86_400_000) },
        ],
      }));
      for (const [i, line] of lines.entries())
        await sql`
          insert into campaign_lines (campaign_id, n, kind, person_id, entitlement_key, group_id, change_id, since, facts, insight, in_bulk_allowed, reviewer_id)
          values (${id}, ${i + 1}, ${line.kind}, ${line.personId ?? null}, 'orders', ${target.groupId}, ${line.changeId ?? null},
            now() - interval '1 day', ${JSON.stringify(factsOf(line))}::jsonb, 'none', false, ${line.reviewerId})`.execute(
          db,
        );
      await sql`
        insert into campaign_reviewers (id, campaign_id, person_id, name)
        select distinct on (reviewer_id) gen_random_uuid(), ${id}::uuid, l.reviewer_id, p.name
        from campaign_lines l join people p on p.id = l.reviewer_id where l.campaign_id = ${id}`.execute(db);
      return id;
    },

    /** Its lines are decided so, by somebody. */
    async decides(
      id: CampaignId,
      by: { id: PersonId; name: string },
      decisions: readonly Exclude<LineDecision, 'gone' | 'counted'>[],
    ): Promise<void> {
      await commit(fresh.database.db, async ({ now }) => {
        const base = { campaignId: id, at: now, actor: { person: by.id, name: by.name } };
        const lines = decisions.map((decision, i) => ({ n: i + 1, decision, comment: 'Not needed' }));
        return {
          result: null,
          events: [
            { ...base, type: 'linesSubmitted', by, clickId: randomUUID(), lines },
            { ...base, type: 'campaignDecided' },
          ],
        };
      });
    },

    carryOut: (campaignId: CampaignId) =>
      carryOutCampaign(scene.context(), { job: 'carryOutCampaign', campaignId }),

    /** Carried out until nothing can be done at once. Answers where the campaign is then. */
    async settled(campaignId: CampaignId) {
      for (let i = 0; i < 10; i += 1) {
        const ran = await scene.carryOut(campaignId);
        if (ran === null || typeof ran !== 'object' || !('againInMs' in ran) || ran.againInMs !== 0) break;
      }
      return (await readCampaign(fresh.database.db, campaignId))?.state;
    },

    /** MuleSoft agrees with a change, as far as Latchkey's record of it goes. */
    async isSeen(changeId: string): Promise<void> {
      const { db } = fresh.database;
      await sql`update changes set state = 'inEffect', doc = doc || '{"state": "inEffect"}'::jsonb
        || jsonb_build_object('legs', doc->'legs' || jsonb_build_object('seenAt', now())) where id = ${changeId}`.execute(
        db,
      );
    },
    async isState(changeId: string, state: string): Promise<void> {
      const { db } = fresh.database;
      await sql`update changes set state = ${state}, doc = doc || jsonb_build_object('state', ${state}::text)
        where id = ${changeId}`.execute(db);
    },
  };
  return scene;
}

export type GivenLine = {
  kind: 'grant' | 'baseline' | 'rule';
  personId?: PersonId;
  changeId?: string;
  reviewerId: PersonId;
  target?: typeof target | null;
};

function factsOf({ kind, target: at = null }: GivenLine) {
  return {
    person:
      kind === 'rule'
        ? null
        : {
            name: 'Ines',
            email: 'ines@acme.example',
            department: 'Orders',
            title: 'Intern',
            status: 'active',
          },
    title: 'Orders API: read',
    tier: 'medium',
    group: 'anypoint-orders',
    target: at,
    sinceAt: null,
    endsAt: null,
    approved: null,
    conflicts: [],
    peers: { holders: 1, inDepartment: 1, department: 1 },
    isNobodys: false,
    counted: null,
    rule: kind === 'rule' ? { departments: ['Support', 'Orders'], people: 12 } : null,
  };
}
