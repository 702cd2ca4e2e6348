import { setTimeout as sleep } from 'node:timers/promises';
import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { lineVerbs } from '../../core/digest/digest.ts';
import { isRefusal } from '../../core/refusal.ts';
import { makeDigestFor } from '../../flow/digest/make.ts';
import { shown } from '../../flow/digest/view.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import { readUsageOnce } from '../../flow/usage/read-usage.ts';
import { countLines, readDigest, readLines } from '../../store/digests.ts';
import type { Word } from '../commands/word.ts';
import { createFormUpdates } from '../forms/form-updates.ts';
import { openFromButton } from '../forms/forms.ts';
import { escapeMrkdwn } from '../mrkdwn.ts';
import { digestActions, LINES_ON_PAGE, lineButton, linesModal, moreButton } from './card.ts';

/** A click in the form is mostly settled by then, and the form shows it. */
const SETTLED_AFTER_MS = 700;

/** Answering lines, on the message or in the form of all of them: each click is stored before it is acknowledged. */
export function registerDigestHandlers(app: App, context: Context, client: WebClient): void {
  const show = createFormUpdates(client);
  for (const verb of [...lineVerbs, 'stillNeeded'] as const)
    app.action<BlockAction<ButtonAction>>(
      { action_id: digestActions[verb], type: 'block_actions' },
      async ({ ack, body, action }) => {
        const key = keyIn(lineButton, action);
        if (key !== null)
          await acceptAnswer(context, {
            clickId: `digest-${key.digest}-${key.place}-${verb}-${action.action_ts}`,
            about: 'digest',
            id: key.digest,
            chatUserId: body.user.id,
            channel: body.channel?.id ?? body.user.id,
            verb,
            item: JSON.stringify({ place: key.place }),
          });
        await ack();
        const { view } = body;
        if (view === undefined) return;
        await sleep(SETTLED_AFTER_MS);
        const { digest, after } = JSON.parse(view.private_metadata) as { digest: string; after: number };
        await show({ id: view.id, hash: view.hash }, action.action_ts, () =>
          pageOf(context, { digest, after }, body.user.id),
        );
      },
    );
  for (const turn of [digestActions.more, `${digestActions.more}:back`])
    app.action<BlockAction<ButtonAction>>(
      { action_id: turn, type: 'block_actions' },
      async ({ ack, body, action }) => {
        await ack();
        const key = keyIn(moreButton, action);
        if (key === null) return;
        const { view } = body;
        if (view !== undefined)
          return await show({ id: view.id, hash: view.hash }, action.action_ts, () =>
            pageOf(context, key, body.user.id),
          );
        const page = await pageOf(context, key, body.user.id);
        if (page !== null) await openFromButton(context, client, body, page);
      },
    );
}

function keyIn<K extends object>(
  buttons: { form(text: string): K & { channel: string } },
  action: ButtonAction,
): (K & { channel: string }) | null {
  try {
    const key = JSON.parse(action.value ?? '') as object;
    return buttons.form(JSON.stringify({ ...key, channel: '' }));
  } catch {
    return null;
  }
}

/** A page of a digest, for its reader or an admin in their stead; null: it is for neither. */
async function pageOf(
  context: Context,
  { digest: id, after }: { digest: string; after: number },
  accountId: string,
): Promise<ModalView | null> {
  const digest = await readDigest(context.db, id);
  const viewer = await metAs(context, accountId);
  const { admins } = context.catalogue.current();
  const isAdmin = admins.some((email) => email.toLowerCase() === viewer?.email.toLowerCase());
  if (digest === null || viewer === null || !(viewer.id === digest.personId || isAdmin)) return null;
  const lines = await readLines(context.db, id, { after, limit: LINES_ON_PAGE + 1 });
  const page = lines.slice(0, LINES_ON_PAGE);
  return linesModal(
    { digest, total: await countLines(context.db, id) },
    { lines: await shown(context, page), after, isMore: lines.length > page.length },
  );
}

/** `/access digest`: not to wait for the day. */
export const digestWord: Word = {
  word: 'digest',
  takes: '',
  says: 'sends you your weekly digest now: what you own, and what the people have whom you manage',
  alsoSaid: ['week', 'weekly', 'review'],
  async run({ context, command, answer }) {
    const person = await identify(context, command.user_id);
    if (isRefusal(person)) return await answer({ text: escapeMrkdwn(`${person.text} ${person.next}`) });
    await context.locks.tryLock('usage', () => readUsageOnce(context));
    const isAnything = await makeDigestFor(context, person);
    await answer({
      text: isAnything
        ? 'Your digest is in your direct messages with Latchkey.'
        : 'There is nothing to look at: nothing new, ending, unused, privileged or found in what you own or among the people whom you manage.',
    });
  },
};
