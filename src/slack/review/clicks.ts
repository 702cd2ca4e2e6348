import type {
  App,
  BlockAction,
  ButtonAction,
  OverflowAction,
  StaticSelectAction,
  ViewSubmitAction,
} from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { z } from 'zod';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import { reviewerChoices } from '../../core/review/line.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import {
  keepInBulk,
  type OwnPart,
  ownPart,
  readPage,
  saveDraft,
  saveDraftComment,
} from '../../flow/review/drafts.ts';
import type { ReviewVerb, reassignItem, submitItem } from '../../flow/review/settle.ts';
import { readLine } from '../../store/review-lines.ts';
import { slackCall } from '../api/call.ts';
import { section } from '../blocks.ts';
import { createFormUpdates } from '../forms/form-updates.ts';
import { orTell } from '../forms/forms.ts';
import { writtenIn } from '../forms/written.ts';
import { plain } from '../mrkdwn.ts';
import { REVIEW_OPEN, reviewButton } from './review-card.ts';
import {
  commentForm,
  confirmForm,
  confirmKey,
  handOnForm,
  LINES_ON_PAGE,
  linesForm,
  type ReviewKey,
  reviewActions,
  reviewForms,
  reviewKey,
} from './review-form.ts';

type InForm = BlockAction<ButtonAction | StaticSelectAction | OverflowAction>;

/**
 * Reviewing: a choice is kept as a draft at once, and shown from there. So two forms that are open at once do no harm,
 * nor does a click that comes twice. A submission is stored before it is acknowledged, and settled later.
 */
export function registerReviewHandlers(app: App, context: Context, client: WebClient): void {
  const show = createFormUpdates(client);
  reviewButton.opens({ app, context, client }, REVIEW_OPEN, (key, accountId) =>
    formFor(context, { review: key.review, channel: key.channel, page: 0 }, accountId),
  );

  /** Does something in a form, then shows it as things are now. */
  function acts(
    action: string,
    work: (part: OwnPart, key: ReviewKey, body: InForm) => Promise<{ page?: number } | null>,
  ): void {
    app.action<InForm>({ action_id: action, type: 'block_actions' }, async ({ ack, body }) => {
      const key = keyIn(body.view?.private_metadata);
      const view = body.view;
      if (key === null || view == null) return await ack();
      const part = await ownPart(context, key.review, body.user.id);
      const next = isRefusal(part) ? {} : await work(part, key, body);
      await ack();
      if (next === null) return;
      const page = next.page ?? key.page;
      await orTell(context, body, () =>
        show({ id: view.id, hash: view.hash }, body.actions[0]?.action_ts ?? '0', () =>
          formFor(context, { ...key, page }, body.user.id),
        ),
      );
    });
  }

  acts(reviewActions.choose, async (part, _key, body) => {
    const [action] = body.actions;
    const n = lineOf(body);
    const chosen = action?.type === 'static_select' ? action.selected_option?.value : undefined;
    const choice = reviewerChoices.find((one) => one === chosen);
    if (n !== null && choice !== undefined) await saveDraft(context, part, n, choice);
    return {};
  });
  acts(reviewActions.bulk, async (part) => {
    await keepInBulk(context, part);
    return {};
  });
  for (const way of [reviewActions.previous, reviewActions.next])
    acts(way, async (_part, _key, body) => {
      const [action] = body.actions;
      return { page: action?.type === 'button' ? Number(action.value) || 0 : 0 };
    });
  acts(reviewActions.more, async (part, key, body) => {
    const [action] = body.actions;
    const n = lineOf(body);
    const chosen = action?.type === 'overflow' ? action.selected_option.value : '';
    const line = n === null ? null : await readLine(context.db, part.campaign.id, n);
    if (line === null) return {};
    if (chosen === 'clear') {
      await saveDraft(context, part, line.n, null);
      return {};
    }
    const form = chosen === 'handOn' ? handOnForm(line, key) : commentForm(line, key);
    await orTell(context, body, () =>
      slackCall(true, () => client.views.push({ trigger_id: body.trigger_id, view: form })),
    );
    return null;
  });
  registerForms(app, context, client);
}

function registerForms(app: App, context: Context, client: WebClient): void {
  app.view<ViewSubmitAction>(reviewForms.lines, async ({ ack, body, view }) => {
    const key = reviewKey.parse(JSON.parse(view.private_metadata));
    const part = await ownPart(context, key.review, body.user.id);
    if (isRefusal(part)) return await ack({ response_action: 'update', view: refusalForm(part) });
    const page = await readPage(context, part, key.page, LINES_ON_PAGE);
    if (page.drafts.length === 0)
      return await ack({ response_action: 'update', view: linesForm(part, page, key) });
    await ack({ response_action: 'push', view: confirmForm(page, key) });
  });

  app.view<ViewSubmitAction>(reviewForms.confirm, async ({ ack, body, view }) => {
    const key = confirmKey.parse(JSON.parse(view.private_metadata));
    const item: z.infer<typeof submitItem> = { shown: key.shown };
    await accept(context, key, body.user.id, { verb: 'submit', item, once: view.id });
    await ack({ response_action: 'clear' });
  });

  app.view<ViewSubmitAction>(reviewForms.handOn, async ({ ack, body, view }) => {
    const key = reviewKey.parse(JSON.parse(view.private_metadata));
    const toAccountId = view.state.values.to?.to?.selected_user ?? null;
    const { text: why, wrong } = writtenIn(view.state.values.why?.why?.value, 'Say why, in a sentence.');
    const errors = {
      ...(toAccountId === null ? { to: 'Choose who reviews it.' } : {}),
      ...(wrong === null ? {} : { why: wrong }),
    };
    if (toAccountId === null || Object.keys(errors).length > 0)
      return await ack({ response_action: 'errors', errors });
    const item: z.infer<typeof reassignItem> = { n: key.n ?? 0, toAccountId, why };
    await accept(context, key, body.user.id, { verb: 'reassign', item, once: view.id });
    await ack({ response_action: 'clear' });
  });

  app.view<ViewSubmitAction>(reviewForms.comment, async ({ ack, body, view }) => {
    const key = reviewKey.parse(JSON.parse(view.private_metadata));
    const { text, wrong } = writtenIn(view.state.values.comment?.comment?.value);
    if (wrong !== null) return await ack({ response_action: 'errors', errors: { comment: wrong } });
    const part = await ownPart(context, key.review, body.user.id);
    if (!isRefusal(part)) await saveDraftComment(context, part, key.n ?? 0, text || null);
    await ack();
    const root = view.root_view_id;
    if (root === null || isRefusal(part)) return;
    const form = await formFor(context, key, body.user.id);
    await slackCall(true, () => client.views.update({ view_id: root, view: form })).catch((error: Error) =>
      context.log.warn({ err: error.message }, 'review form not drawn anew'),
    );
  });
}

async function formFor(context: Context, key: ReviewKey, accountId: string): Promise<ModalView> {
  const part = await ownPart(context, key.review, accountId);
  if (isRefusal(part)) return refusalForm(part);
  const page = await readPage(context, part, key.page, LINES_ON_PAGE);
  return linesForm(part, page, key);
}

function refusalForm({ text, next }: Refusal): ModalView {
  return {
    type: 'modal',
    callback_id: 'message',
    title: { type: 'plain_text', text: 'Access review' },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [section(plain(`${text} ${next}`))],
  };
}

function keyIn(privateMetadata: string | undefined): ReviewKey | null {
  try {
    return reviewKey.parse(JSON.parse(privateMetadata ?? ''));
  } catch {
    return null;
  }
}

/** The line whose controls were used, by the name of their block. */
function lineOf(body: InForm): number | null {
  const [action] = body.actions;
  const n = /^line:(\d+):/.exec(action?.block_id ?? '')?.[1];
  return n === undefined ? null : Number(n);
}

async function accept(
  context: Context,
  key: ReviewKey,
  accountId: string,
  { verb, item, once }: { verb: ReviewVerb; item: object; once: string },
): Promise<void> {
  await acceptAnswer(context, {
    clickId: `${accountId}-${key.review}-${verb}-${once}`,
    about: 'review',
    id: key.review,
    chatUserId: accountId,
    channel: key.channel,
    verb,
    item: JSON.stringify(item),
  });
}
