import type { SeenView } from '../../../src/sandbox/visitor.ts';
import type { Acting } from './acting.ts';
import type { Scene } from './scene.ts';

type Answer = { choice: 'keep' | 'revoke' | 'doNotRenew'; comment: string | null };

/** The controls of the lines in the form of a review, with the words above them. */
function linesIn({ blocks }: SeenView): { blockId: string; n: string; words: string }[] {
  return blocks.flatMap((block, i) => {
    const blockId = String(block.block_id);
    if (!blockId.startsWith('line:')) return [];
    return [{ blockId, n: blockId.split(':')[1] ?? '', words: JSON.stringify(blocks[i - 1]) }];
  });
}

/** Answers every line of the newest review that waits for somebody, as a reviewer does, and submits it. */
async function reviews(
  { visitor, messageTo, settles }: Acting,
  as: string,
  answerTo: (words: string) => Answer,
): Promise<void> {
  const { request, until, topView, submit, click } = visitor;
  const message = await messageTo(
    as,
    'an access review',
    (marker, text) => text.includes('Access review:') && marker.endsWith(':card'),
  );
  await click(as, message, 'review_open');
  const lines = (fits: (view: SeenView) => boolean) =>
    until('the lines are shown', async () => {
      const view = await topView(as);
      return view?.callback_id === 'review_lines' && fits(view) && view;
    });
  let view = await lines(() => true);
  for (const { n, words } of linesIn(view)) {
    const { choice, comment } = answerTo(words);
    const acts = async (actionId: string, value: string) => {
      const blockId = linesIn(view).find((line) => line.n === n)?.blockId;
      await request('POST', '/slack/sim/view/action', { as, viewId: view.id, actionId, blockId, value });
    };
    if (comment !== null) {
      await acts('review_more', 'comment');
      const form = await until('the form for a comment', async () => {
        const top = await topView(as);
        return top?.callback_id === 'review_comment' && top;
      });
      await submit(as, form, { comment: { comment } });
      view = await lines((now) => JSON.stringify(now).includes(comment));
    }
    await acts('review_choose', choice);
    view = await lines((now) => linesIn(now).some(({ blockId }) => blockId === `line:${n}:${choice}`));
  }
  await submit(as, view, {});
  const confirm = await until('the confirmation', async () => {
    const top = await topView(as);
    return top?.callback_id === 'review_confirm' && top;
  });
  await submit(as, confirm, {});
  await settles();
}

/** Prepared and started by an operator; answers its id. */
async function starts({ latchkey, settles, query }: Acting, ...options: string[]): Promise<string> {
  await latchkey('review', 'preview', ...options);
  await settles();
  const [one] = await query<{ id: string }>(
    `select id from campaigns where state = 'ready' order by opened_at desc limit 1`,
  );
  await latchkey('review', 'start', one?.id ?? '');
  await settles();
  return one?.id ?? '';
}

/** Two hold it: one is kept with a reason and one taken away; of another the owner says nothing, and keeps it. */
const reviewed: Scene = {
  day: 4,
  hour: 14,
  async play(acting, planted) {
    const { isGiven, letPassHours, changeBecause } = acting;
    const reason = 'A week of messages that hang';
    for (const as of ['ines', 'erik', 'tom'])
      await isGiven(as, { entitlement: 'orders-api-read', seconds: 7 * 86_400, reason: `${reason}, ${as}` }, [
        'olga',
      ]);
    planted.keptWithoutRationale = await changeBecause(`${reason}, tom`);
    await letPassHours(1);
    await starts(
      acting,
      '--name',
      'Who reads orders',
      '--entitlement',
      'orders-api-read',
      '--reviewers',
      'owner',
      '--due',
      '10d',
      '--overdue',
      'escalate',
    );
    await reviews(acting, 'olga', (words) =>
      words.includes('Ines Moreau')
        ? { choice: 'revoke', comment: 'She has found it' }
        : words.includes('Erik Lind')
          ? { choice: 'keep', comment: 'He is at it until Friday' }
          : { choice: 'keep', comment: null },
    );
  },
};

/** One that nobody has completed when the quarter ends. */
const unfinished: Scene = {
  day: 85,
  hour: 10,
  async play(acting) {
    await starts(
      acting,
      '--name',
      'Who is in Support',
      '--entitlement',
      'dashboards-view',
      '--reviewers',
      'owner',
      '--due',
      '14d',
      '--overdue',
      'escalate',
    );
  },
};

/** Administration is reviewed every thirty days by itself. Its owner holds it, so the admins review. */
const regular = (day: number): Scene => ({
  day,
  hour: 12,
  async play(acting) {
    for (const as of ['sam'])
      await reviews(acting, as, () => ({ choice: 'keep', comment: 'She administers the platform' }));
  },
});

export const reviewScenes: readonly Scene[] = [regular(27), regular(57), reviewed, unfinished, regular(87)];
