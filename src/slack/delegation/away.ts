import type { App, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import { Fault } from '../../core/fault.ts';
import { isRefusal } from '../../core/refusal.ts';
import { comeBack, goAway } from '../../flow/delegation/name-delegate.ts';
import type { Context, Data, Runtime } from '../../flow/kernel/context.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { acceptAnswer, acceptStatus } from '../../flow/request/accept-click.ts';
import { usualDelegate } from '../../store/delegations.ts';
import { linkOf } from '../../store/people.ts';
import type { Typed, Word } from '../commands/word.ts';
import { formModal, openView, TRY_AGAIN } from '../forms/forms.ts';
import { escapeMrkdwn } from '../mrkdwn.ts';
import { delegationActions, delegationButton } from './card.ts';

const AWAY = 'away';
const fields = { delegate: 'delegate', from: 'from', until: 'until', usual: 'usual' } as const;

export const awayWord: Word = {
  word: 'away',
  takes: '',
  says: 'names a colleague who decides in your stead until you are back',
  alsoSaid: ['delegate', 'vacation', 'ooo', 'out of office', 'holiday', 'on leave'],
  run: openAwayForm,
};

export const backWord: Word = {
  word: 'back',
  takes: '',
  says: 'ends that, before the time you had said',
  alsoSaid: ['i’m back', "i'm back", 'im back', 'return'],
  run: async ({ context, command, answer }) => {
    const person = (await metAs(context, command.user_id)) ?? (await identify(context, command.user_id));
    if (isRefusal(person)) return await answer({ text: escapeMrkdwn(`${person.text} ${person.next}`) });
    const names = await comeBack(context, person);
    await answer({
      text:
        names.length === 0
          ? 'Nobody decides in your stead, so there was nothing to end. `/access away` names a colleague for your next absence.'
          : `Welcome back. ${names.map(escapeMrkdwn).join(' and ')} no longer decides in your stead; what was decided stays as it is.`,
    });
  },
};

/** Leaving and coming back; a form is checked in its acknowledgement, a click stored before it. */
export function registerDelegationHandlers(app: App, context: Context): void {
  for (const [verb, actionId] of Object.entries(delegationActions))
    delegationButton.decides(app, actionId, (key, { by, once }) =>
      acceptAnswer(context, {
        clickId: `${by}-${key.delegation}-${once}-${verb}`,
        about: 'delegation',
        id: key.delegation,
        chatUserId: by,
        channel: key.channel,
        verb,
        item: null,
      }),
    );
  app.view<ViewSubmitAction>(AWAY, async ({ ack, body, view }) => {
    const errors = await sent(context, body.user.id, view);
    await (errors === null ? ack() : ack({ response_action: 'errors', errors }));
  });
  // It says whose status, and is believed for nothing else: what it says now is read anew.
  app.event('user_status_changed', async ({ event }) => acceptStatus(context, event.user.id));
}

async function openAwayForm({ context, client, command, answer }: Typed): Promise<void> {
  const person = (await metAs(context, command.user_id)) ?? (await identify(context, command.user_id));
  if (isRefusal(person)) return await answer({ text: escapeMrkdwn(`${person.text} ${person.next}`) });
  await openView(client, command.trigger_id, await awayModal(context, person.id));
}

/** The form, with whom they named the last time for every absence. */
async function awayModal(context: Data & Pick<Context, 'chat'>, personId: string): Promise<ModalView> {
  const usual = await usualDelegate(context.db, personId);
  const accountId = usual === null ? null : await linkOf(context.db, usual.id, context.chat.system);
  return awayForm(usual !== null, accountId);
}

/**
 * Pure: the form. `isUsual`: they named somebody for every absence. `accountId`: that colleague's account; null: nobody
 * is chosen yet.
 */
export function awayForm(isUsual: boolean, accountId: string | null): ModalView {
  const always = {
    text: { type: 'plain_text', text: 'Also whenever my Slack status says that I’m away' },
    description: {
      type: 'plain_text',
      text: 'A status such as Vacationing, with the time when it ends',
    },
    value: 'always',
  } as const;
  const blocks: KnownBlock[] = [
    {
      type: 'input',
      block_id: fields.delegate,
      label: { type: 'plain_text', text: 'Who decides meanwhile?' },
      hint: {
        type: 'plain_text',
        text: 'What waits for you now moves too. Nobody can decide on what they asked for themselves or what policy keeps from them.',
      },
      element: {
        type: 'users_select',
        action_id: fields.delegate,
        placeholder: { type: 'plain_text', text: 'A colleague who is there' },
        ...(accountId === null ? {} : { initial_user: accountId }),
      },
    },
    {
      type: 'input',
      block_id: fields.until,
      label: { type: 'plain_text', text: 'When are you back?' },
      hint: { type: 'plain_text', text: 'It ends by itself then. You can decide all the while.' },
      element: { type: 'datetimepicker', action_id: fields.until },
    },
    {
      type: 'input',
      block_id: fields.from,
      optional: true,
      label: { type: 'plain_text', text: 'From when?' },
      hint: { type: 'plain_text', text: 'Leave it empty for: from now on.' },
      element: { type: 'datetimepicker', action_id: fields.from },
    },
    {
      type: 'input',
      block_id: fields.usual,
      optional: true,
      label: { type: 'plain_text', text: 'Every absence' },
      element: {
        type: 'checkboxes',
        action_id: fields.usual,
        options: [always],
        ...(isUsual ? { initial_options: [always] } : {}),
      },
    },
  ];
  return formModal({ callbackId: AWAY, title: 'Away', submit: 'Name them', key: {}, blocks });
}

/** The mistakes in the form, by field; null: it is done. */
async function sent(
  context: Context & Runtime,
  accountId: string,
  { state }: ViewSubmitAction['view'],
): Promise<Record<string, string> | null> {
  const given = (field: string) => state.values[field]?.[field];
  const delegateAccountId = given(fields.delegate)?.selected_user ?? null;
  const until = given(fields.until)?.selected_date_time ?? null;
  const from = given(fields.from)?.selected_date_time ?? null;
  if (delegateAccountId === null) return { [fields.delegate]: 'Choose who decides meanwhile.' };
  if (until === null) return { [fields.until]: 'Say when you are back.' };
  try {
    const refused = await goAway(context, accountId, {
      delegateAccountId,
      startsAt: from === null ? null : new Date(from * 1_000),
      endsAt: new Date(until * 1_000),
      isUsual: (given(fields.usual)?.selected_options ?? []).length > 0,
    });
    return refused === null ? null : { [fields[refused.field]]: `${refused.text} ${refused.next}` };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ err: error.message }, 'absence not taken');
    return { [fields.delegate]: TRY_AGAIN };
  }
}
