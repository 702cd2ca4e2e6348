import type { App, BlockAction, ButtonAction, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { MassVerb } from '../core/mass-change.ts';
import { figure, massHead } from '../core/mass-words.ts';
import { readMassView } from '../flow/mass-view.ts';
import { acceptAnswer } from '../flow/receive.ts';
import type { Road } from '../flow/road.ts';
import type { MassAnswerItem } from '../flow/settle-mass.ts';
import { openItems, shownItems } from '../store/mass-changes.ts';
import { section } from './card.ts';
import { massActions, massNamesOf } from './mass-change.ts';
import { mrkdwn, OPTION_TEXT_MAX, plain } from './mrkdwn.ts';
import { openFromButton } from './triggered.ts';

/** A button's value is a key and nothing more; what does not parse is not ours. */
const massKey = z.strictObject({ massChange: z.uuid(), round: z.int() });
const massFormKey = massKey.extend({ channel: z.string() });
type MassKey = z.infer<typeof massFormKey>;

const CHOOSE = 'mass_choose';
const CHOICE = 'undo';
const SHOWN_MAX = 100;
/** In one text block, so that a hundred fit the form. */
const NAMES_IN_BLOCK = 25;
/** Checkboxes hold ten options (Block Kit reference). */
const BOXES_MAX = 10;

/** Deciding on many at once: each click is stored before it is acknowledged; what it means is settled later. */
export function hearMassChanges(app: App, road: Road, client: WebClient): void {
  for (const verb of ['keep', 'undo'] as const)
    app.action<BlockAction<ButtonAction>>(
      { action_id: massActions[verb], type: 'block_actions' },
      async ({ ack, body, action }) => {
        const key = keyOf(body, action);
        if (key !== null) await accept(road, key, body.user.id, verb, null, `${action.action_ts}-${verb}`);
        await ack();
      },
    );

  app.action<BlockAction<ButtonAction>>(
    { action_id: massActions.show, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = keyOf(body, action);
      if (key !== null) await openFromButton(road, client, body, await namesModal(road, key));
    },
  );

  app.action<BlockAction<ButtonAction>>(
    { action_id: massActions.choose, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = keyOf(body, action);
      if (key !== null) await openFromButton(road, client, body, await chooseModal(road, key));
    },
  );

  app.view<ViewSubmitAction>(CHOOSE, async ({ ack, body, view }) => {
    const key = massFormKey.parse(JSON.parse(view.private_metadata));
    const chosen = Object.entries(view.state.values)
      .filter(([block]) => block.startsWith(CHOICE))
      .flatMap(([, values]) => values[CHOICE]?.selected_options ?? [])
      .map((option) => option.value);
    await accept(road, key, body.user.id, 'choose', chosen, `view-${view.id}`);
    await ack();
  });
}

async function accept(
  road: Road,
  key: MassKey,
  accountId: string,
  verb: MassVerb,
  chosen: string[] | null,
  once: string,
): Promise<void> {
  await acceptAnswer(road, {
    clickId: `${accountId}-${key.massChange}-${once}`,
    about: 'massChange',
    id: key.massChange,
    chatUserId: accountId,
    channel: key.channel,
    verb,
    item: JSON.stringify({ round: key.round, chosen } satisfies MassAnswerItem),
  });
}

function keyOf(body: BlockAction, action: ButtonAction): MassKey | null {
  try {
    const parsed = massKey.parse(JSON.parse(action.value ?? ''));
    return { ...parsed, channel: body.channel?.id ?? body.user.id };
  } catch {
    return null;
  }
}

/** The first hundred, by name, with where they work. */
async function namesModal(road: Road, key: MassKey): Promise<ModalView> {
  const { items, count } = await shownItems(road.db, key.massChange, SHOWN_MAX);
  const lines = items.map(
    (item) =>
      `${item.name} (${item.department ?? 'no department'})${[item.status === 'active' ? null : item.status, item.note].map((said) => (said === null ? '' : `, ${said}`)).join('')}`,
  );
  const blocks: KnownBlock[] = [];
  for (let at = 0; at < lines.length; at += NAMES_IN_BLOCK)
    blocks.push(section(plain(lines.slice(at, at + NAMES_IN_BLOCK).join('\n'))));
  if (count > items.length)
    blocks.push({
      type: 'context',
      elements: [plain(`And ${figure(count - items.length)} more; the audit trail names all of them.`)],
    });
  return {
    type: 'modal',
    callback_id: 'message',
    title: { type: 'plain_text', text: 'Who it is about' },
    close: { type: 'plain_text', text: 'Close' },
    blocks: blocks.length === 0 ? [section(plain('Nobody any more: it was changed back.'))] : blocks,
  };
}

async function chooseModal(road: Road, key: MassKey): Promise<ModalView> {
  const view = await readMassView(road, key.massChange);
  // As on the card.
  const items = (await openItems(road.db, key.massChange, BOXES_MAX * 5)).toSorted((a, b) =>
    (a.note ?? a.key) < (b.note ?? b.key) ? -1 : 1,
  );
  const blocks: KnownBlock[] = [
    section(
      mrkdwn(
        view === null ? 'What is to end?' : `${massHead(view.mass, view.progress.open, massNamesOf(view))}.`,
      ),
    ),
  ];
  for (let at = 0; at < items.length; at += BOXES_MAX)
    blocks.push({
      type: 'input',
      block_id: `${CHOICE}:${at}`,
      optional: true,
      label: { type: 'plain_text', text: 'End these; the others are kept' },
      element: {
        type: 'checkboxes',
        action_id: CHOICE,
        options: items.slice(at, at + BOXES_MAX).map((item) => ({
          text: plain(item.note ?? item.key, OPTION_TEXT_MAX),
          value: item.key,
        })),
      },
    });
  return {
    type: 'modal',
    callback_id: CHOOSE,
    title: { type: 'plain_text', text: 'Choose what ends' },
    close: { type: 'plain_text', text: 'Cancel' },
    submit: { type: 'plain_text', text: 'Decide' },
    private_metadata: JSON.stringify(key),
    blocks,
  };
}
