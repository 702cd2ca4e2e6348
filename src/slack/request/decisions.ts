import type { App, BlockAction, ButtonAction, ViewSubmitAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { isStorable, seenWords } from '../../core/storable.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { acceptClick } from '../../flow/request/receive.ts';
import { readChange } from '../../store/changes.ts';
import { readPerson } from '../../store/people.ts';
import { buttonKey, formKey } from '../app/button-key.ts';
import { openFromButton } from '../app/forms.ts';
import { actions } from '../change-card/card.ts';
import { type CardKey, callbacks, denyModal, fields, lessModal } from './form.ts';

/** Deciding and giving back: each click is stored before it is acknowledged; what it means is settled later. */
export function registerDecisionHandlers(app: App, context: Context, client: WebClient): void {
  /** Buttons that decide at once. */
  const immediate = {
    [actions.approve]: { verb: 'approve', seconds: null },
    [actions.withdraw]: { verb: 'withdraw' },
    [actions.release]: { verb: 'release' },
    [actions.revert]: { verb: 'deny', reason: 'Nobody asked for it.' },
  } as const;
  for (const [actionId, act] of Object.entries(immediate))
    app.action<BlockAction<ButtonAction>>(
      { action_id: actionId, type: 'block_actions' },
      async ({ ack, body, action }) => {
        const key = buttonKey(body, action);
        if (key !== null)
          await acceptClick(context, click(key, body.user.id, `${action.action_ts}-${actionId}`, act));
        await ack();
      },
    );

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.approveLess, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = buttonKey(body, action);
      const change = key === null ? null : await readChange(context.db, key.change);
      if (key === null || change === null) return;
      const entitlement = context.catalogue.entitlement(change.entitlementKey);
      const person = await readPerson(context.db, change.personId);
      await openFromButton(
        context,
        client,
        body,
        lessModal(
          key,
          person?.name ?? 'The requester',
          change.requestedSeconds ?? entitlement?.defaultSeconds ?? 3_600,
          entitlement?.durationsSeconds ?? [],
        ),
      );
    },
  );

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.deny, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = buttonKey(body, action);
      const change = key === null ? null : await readChange(context.db, key.change);
      if (key === null || change === null) return;
      const person = await readPerson(context.db, change.personId);
      await openFromButton(context, client, body, denyModal(key, person?.name ?? 'The requester'));
    },
  );

  app.view<ViewSubmitAction>(callbacks.less, async ({ ack, body, view }) => {
    const key = formKey(view.private_metadata);
    const seconds = Number(view.state.values[fields.duration]?.seconds?.selected_option?.value);
    if (!Number.isInteger(seconds) || seconds <= 0)
      return await ack({
        response_action: 'errors',
        errors: { [fields.duration]: 'Choose a time from the list.' },
      });
    await acceptClick(context, click(key, body.user.id, `view-${view.id}`, { verb: 'approve', seconds }));
    await ack();
  });

  app.view<ViewSubmitAction>(callbacks.deny, async ({ ack, body, view }) => {
    const key = formKey(view.private_metadata);
    const written = view.state.values[fields.reason]?.reason?.value ?? '';
    const reason = seenWords(written).trim();
    if (isStorable(written) && reason === '')
      return await ack({
        response_action: 'errors',
        errors: { [fields.reason]: 'A denial needs a reason.' },
      });
    if (!isStorable(written))
      return await ack({
        response_action: 'errors',
        errors: {
          [fields.reason]:
            'This text has characters that can’t be stored. Type it anew instead of pasting it.',
        },
      });
    await acceptClick(context, click(key, body.user.id, `view-${view.id}`, { verb: 'deny', reason }));
    await ack();
  });
}

function click(key: CardKey, accountId: string, once: string, act: ClickReceived['act']): ClickReceived {
  return {
    clickId: `${accountId}-${key.change}-${once}`,
    changeId: key.change,
    round: key.round,
    chatUserId: accountId,
    channel: key.channel,
    act,
  };
}
