import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { changeCatalogue, changing } from '../change-catalogue.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';
import { PATIENCE_MS, type StormWalk, walkInStorms } from './mass-change-walk.ts';

const READ_GROUP = 'anypoint-orders-read';

/** The person who put somebody in by hand keeps it before anybody can know who did it. */
describe('nobody keeps what they have done themselves', () => {
  let stage: Stage;
  let walk: Journey;
  beforeAll(async () => {
    // Only the log says who did it.
    ({ stage, walk } = await setOut({ listenEveryMs: 3_600_000 }));
    await walk.directory.tellsByLogAlone();
    await walk.isQuiet();
  });
  afterEach(() => walk.heal());
  afterAll(() => stage?.close());

  const saysNothing = (status: number) =>
    walk.fault({ ...walk.directory.calls.audits, kind: 'status', status });
  const found = async (key: string, group: string) => {
    const { id } = await walk.until(`a finding about ${key}`, async () => {
      const rows = await walk.query<{ id: string }>(
        `select c.id from changes c join people p on p.id = c.person_id
         where p.email = $1 and c.doc->>'cause' = 'finding' and c.state = 'asking'
           and c.doc->'target'->>'groupName' = $2`,
        [`${key}@acme.example`, group],
      );
      return rows[0];
    });
    const card = await walk.card('sofia', (m) => m.metadata?.event_payload?.marker === `${id}:card`);
    return { id, card };
  };
  const approvals = async (id: string) => (await walk.change(id)).approvals.length;

  test('an owner who added a friend and keeps it at once gives nothing alone, and nothing once the log tells', async () => {
    // given the log can’t be read for the moment
    await saysNothing(503);
    await walk.directory.adds(READ_GROUP, 'erik', 'olga');
    const finding = await found('erik', READ_GROUP);
    await walk.cardSays(finding, 'Who did it is not known yet');

    // when
    await walk.click('olga', finding.card, 'approve');

    // then her word is noted, the card says what it waits for, and nothing is granted
    await walk.cardSays(finding, 'Kept by Olga Brandt as soon as it is known who did it');
    expect((await walk.change(finding.id)).state).toBe('asking');

    // when the log tells
    await walk.heal();

    // then she is out of it, and the admins are asked
    const card = await walk.cardSays(finding, `Olga Brandt in ${walk.directory.name}`);
    expect(wordsOf(card)).not.toContain('as soon as');
    await walk.until(
      'the admins are asked',
      async () => (await walk.change(finding.id)).plan?.stages[0]?.escalated,
    );
    expect((await walk.change(finding.id)).state).toBe('asking');
    await walk.click('sam', await walk.cardNow(finding), 'revert');
    await walk.endsAs(finding.id, 'inEffect');
  });

  test('into a tier-high group she does not get by even where nobody ever tells: it takes the catalogue’s two', async () => {
    await saysNothing(403);
    await walk.directory.adds('anypoint-orders-deploy', 'erik', 'olga');
    const finding = await found('erik', 'anypoint-orders-deploy');
    await walk.click('olga', finding.card, 'approve');
    await walk.until('her word is noted', async () => (await approvals(finding.id)) === 1);
    await walk.cardSays(finding, 'Not known who did it');
    await walk.cardSays(finding, 'still needed: manager (Tom Okafor)');
    expect((await walk.change(finding.id)).state).toBe('asking');
    await walk.click('tom', await walk.cardNow(finding), 'revert');
    await walk.endsAs(finding.id, 'inEffect');
  });

  test('where the log is refused no owner keeps alone: an admin has to, and the owner may take it away', async () => {
    await saysNothing(403);
    await walk.directory.adds(READ_GROUP, 'tom', 'olga');
    const finding = await found('tom', READ_GROUP);
    await walk.cardSays(finding, 'Not known who did it');
    await walk.click('olga', await walk.cardNow(finding), 'approve');
    await walk.receives(
      'olga',
      'why not',
      (m) => m.ephemeral && m.text.includes('not among those who may decide'),
      'access-requests',
    );
    expect((await walk.change(finding.id)).state).toBe('asking');
    await walk.click('sam', await walk.cardNow(finding), 'approve');
    const kept = await walk.becomes(finding.id, 'inEffect');
    expect(kept.decision?.byName).toBe('Sam Whitaker');
  });

  test('who kept it and turns out later to have done it: it does not stand, the admins are told of it, others are asked', async () => {
    // given an admin put somebody in, and while nothing tells keeps them as an admin
    await saysNothing(403);
    await walk.directory.adds(READ_GROUP, 'nadia', 'sam');
    const finding = await found('nadia', READ_GROUP);
    await walk.cardSays(finding, 'Not known who did it');
    await walk.click('sam', await walk.cardNow(finding), 'approve');
    await walk.until('it is kept', async () => (await walk.change(finding.id)).grant !== null);

    // when the log can be read after all
    await walk.heal();
    await stage.restart();
    await walk.directory.tellsByLogAlone();

    // then
    const ended = await walk.until('it is reopened', async () => {
      const change = await walk.change(finding.id);
      return change.reopened !== undefined && change;
    });
    expect(ended).toMatchObject({ state: 'ended', reopened: { name: 'Sam Whitaker' } });
    await walk.cardSays(finding, 'Kept by Sam Whitaker, who did it: it does not stand');
    await walk.receives('sofia', 'that it does not stand', (m) => m.text.includes('it does not stand'));
    expect((await walk.auditTypes(finding.id)).filter((type) => type === 'decisionReopened')).toHaveLength(1);
    expect(
      await walk.query('select 1 from grants where change_id = $1 and ended_at is null', [finding.id]),
    ).toEqual([]);

    // and it is found anew, for others than him
    const anew = await found('nadia', READ_GROUP);
    expect(anew.id).not.toBe(finding.id);
    await walk.click('sam', anew.card, 'approve');
    await walk.receives(
      'sam',
      'that he may not',
      (m) => m.ephemeral && m.text.includes('not among those who may decide'),
      'access-requests',
    );
    await walk.click('olga', await walk.cardNow(anew), 'revert');
    await walk.endsAs(anew.id, 'inEffect');
  });
});

/** Nobody keeps what they did themselves, on the card of many. */
describe('nor of many on one card', () => {
  const crowd = Array.from({ length: 12 }, (_, n) => ({ ...crowdPerson(n), department: 'Orders' }));
  const DEPLOY = 'anypoint-orders-deploy';
  let stage: Stage;
  let walk: Journey;
  let storms: StormWalk;
  beforeAll(async () => {
    ({ stage, walk } = await setOut({ people: [...seeded, ...crowd], listenEveryMs: 3_600_000 }));
    storms = walkInStorms(walk, stage.latchkey.url);
    await walk.directory.tellsByLogAlone();
    await walk.isQuiet();
    await storms.provision(crowd);
  }, PATIENCE_MS);
  afterAll(() => stage?.close());

  test(
    'an owner who put them in does not keep them, whatever the card shows by then',
    async () => {
      // given
      await walk.fault({ ...walk.directory.calls.audits, kind: 'status', status: 503 });
      for (const { key } of crowd) await walk.directory.adds(DEPLOY, key, 'olga');
      const card = await storms.massCard(DEPLOY, '12 people were put into');
      expect(wordsOf(await storms.massCard(DEPLOY, 'It takes 2 people to keep them'))).toContain(
        'Who did it is not known yet',
      );

      // when the catalogue changes, and she keeps what the old card showed
      await changeCatalogue(stage, changing('orders-api-deploy', { gives: 'deploying anywhere' }));
      await walk.click('olga', card, 'mass_keep');
      await walk.receives(
        'olga',
        'what changed',
        (m) => m.ephemeral && m.text.includes('deploying anywhere'),
        'access-requests',
      );
      await walk.until('it is put anew', async () =>
        JSON.stringify((await storms.massCard(DEPLOY, '12 people')).blocks).includes('round\\":2'),
      );

      // when she and an admin keep it before anybody can know
      // Where it grew it was in round 2 before the catalogue changed. Put anew once more, it is clicked again, as she would.
      await walk.until('her word is on the card', async () => {
        const now = await storms.massCard(DEPLOY, '12 people');
        if (wordsOf(now).includes('Olga Brandt: Keep all')) return true;
        await walk.click('olga', now, 'mass_keep');
        return false;
      });
      await walk.click('sam', await storms.massCard(DEPLOY, '12 people'), 'mass_keep');
      await storms.massCard(DEPLOY, 'Sam Whitaker: Keep all');
      expect(await walk.query('select 1 from grants')).toEqual([]);

      // when the log tells
      await walk.heal();

      // then her word counts no more, and it waits for another one
      await walk.until('she is out of it', async () => {
        const [row] = await walk.query<{ names: string[] }>(
          `select array(select p->>'name' from jsonb_array_elements(doc->'plan'->'slots') s,
           jsonb_array_elements(s->'people') p) as names from mass_changes where id = $1 and not doc->'plan' ? 'author'`,
          [card.id],
        );
        return row !== undefined && !row.names.includes('Olga Brandt');
      });
      expect(await walk.query('select 1 from grants')).toEqual([]);
      await walk.click('sofia', await storms.massCard(DEPLOY, '12 people'), 'mass_revert');
      await storms.isDone(card.id);
    },
    PATIENCE_MS,
  );

  test(
    'an admin who answered for many, and is told of only after the card says that nobody tells, is out of it; one owner is enough then',
    async () => {
      // given
      await walk.fault({ ...walk.directory.calls.audits, kind: 'status', status: 403 });
      for (const { key } of crowd) await walk.directory.adds(READ_GROUP, key, 'sofia');
      const card = await storms.massCard(READ_GROUP, '12 people were put into');
      await storms.massCard(READ_GROUP, 'Not known who did it');
      await walk.click('sofia', await storms.massCard(READ_GROUP, '12 people'), 'mass_keep');
      await storms.massCard(READ_GROUP, 'Sofia Ricci: Keep all');

      // when the log can be read after all
      await walk.heal();
      await stage.restart();

      // then the card says who did it, and no longer that it takes two
      const told = await storms.massCard(READ_GROUP, '*Done by*\nSofia Ricci');
      expect(wordsOf(told)).toContain('Sofia Ricci: Keep all (does not count');
      expect(wordsOf(told)).not.toContain('Not known who did it');
      expect(wordsOf(told)).not.toContain('It takes 2 people');
      expect(await walk.query('select 1 from grants where ended_at is null')).toEqual([]);

      // and an owner decides alone
      await walk.click('olga', told, 'mass_keep');
      await storms.isDone(card.id);
      expect(
        await walk.query(
          `select 1 from grants g join changes c on c.id = g.change_id
           where g.ended_at is null and c.doc->'decision'->>'byName' = 'Olga Brandt'`,
        ),
      ).toHaveLength(crowd.length);
    },
    2 * PATIENCE_MS,
  );
});
