import type { App, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { Fault } from '../../core/fault.ts';
import { refuseLeaver } from '../../core/offboarding/refusals.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { Context, Data, Parties, Runtime } from '../../flow/kernel/context.ts';
import { caseToCancel } from '../../flow/offboarding/cancel.ts';
import { adminOr, notAnAdmin } from '../../flow/offboarding/case.ts';
import type { OffboardingAnswerItem, OffboardingVerb } from '../../flow/offboarding/settle.ts';
import { readOffboardingView } from '../../flow/offboarding/view.ts';
import { joinedWithApart } from '../../flow/people/accounts.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { type Named, named } from '../../flow/people/named.ts';
import { saidOf } from '../../flow/people/said.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import { REASON_MAX } from '../../flow/request/receive.ts';
import { leaverCase, readOffboarding } from '../../store/offboardings.ts';
import { linkOf, type Person, personByLink, readPerson, rememberPerson } from '../../store/people.ts';
import { section } from '../blocks.ts';
import { mention } from '../change-card/names.ts';
import type { Typed, Word } from '../commands/word.ts';
import type { Pressed } from '../forms/card-button.ts';
import { formModal, openView } from '../forms/forms.ts';
import { writtenIn } from '../forms/written.ts';
import { escapeMrkdwn, mrkdwn, plain } from '../mrkdwn.ts';
import { withMentions } from '../said.ts';
import { offboardingActions, offboardingButton } from './buttons.ts';
import { offboardingDetails } from './details.ts';

const startKey = z.strictObject({ personId: z.uuid(), channel: z.string() });
type FormKey = Pressed<{ offboarding: string; key?: string | undefined }>;

const START = 'offboarding_start';
const HAND_OVER = 'offboarding_hand_over';
const CANCEL = 'offboarding_cancel';
const REASON = 'reason';
const TO = 'to';

const USAGE = 'Say whom: `/access offboard @user`, or `/access offboard cancel @user` to take that back.';

export const offboardWord: Word = {
  word: 'offboard',
  takes: '[cancel] @user',
  says: 'takes everything from somebody who has left, with *cancel* it takes that back; for the catalogue’s admins',
  run: openOffboarding,
};

/** Starting and deciding: each click is stored before it is acknowledged; what it means is settled later. */
export function registerOffboardingHandlers(app: App, context: Context, client: WebClient): void {
  const immediate = {
    [offboardingActions.left]: 'left',
    [offboardingActions.notLeft]: 'notLeft',
    [offboardingActions.restore]: 'restore',
    [offboardingActions.revoke]: 'revoke',
  } as const satisfies Record<string, OffboardingVerb>;
  for (const [actionId, verb] of Object.entries(immediate))
    offboardingButton.decides(app, actionId, (key, { by, once }) =>
      accept(context, key, by, { verb, item: { key: key.key }, once: `${once}-${verb}` }),
    );
  const listener = { app, context, client };
  offboardingButton.opens(listener, offboardingActions.handOver, (key) => handOverModal(context, key));
  offboardingButton.opens(listener, offboardingActions.details, async ({ offboarding }) => {
    const view = await readOffboardingView(context, offboarding);
    return view === null ? null : offboardingDetails(view);
  });
  offboardingButton.opens(listener, offboardingActions.cancel, (key) => cancelModal(context, key));

  app.view<ViewSubmitAction>(HAND_OVER, async ({ ack, body, view }) => {
    const key = offboardingButton.form(view.private_metadata);
    const toAccountId = view.state.values[TO]?.[TO]?.selected_user ?? null;
    if (toAccountId === null)
      return await ack({ response_action: 'errors', errors: { [TO]: 'Choose who takes it.' } });
    const item = { key: key.key, toAccountId };
    await accept(context, key, body.user.id, { verb: 'handOver', item, once: `view-${view.id}` });
    await ack();
  });

  app.view<ViewSubmitAction>(CANCEL, async ({ ack, body, view }) => {
    const key = offboardingButton.form(view.private_metadata);
    const { reason, errors } = reasonIn(view);
    if (errors !== null) return await ack({ response_action: 'errors', errors });
    await accept(context, key, body.user.id, { verb: 'cancel', item: { reason }, once: `view-${view.id}` });
    await ack();
  });

  app.view<ViewSubmitAction>(START, async ({ ack, body, view }) => {
    const { personId, channel } = startKey.parse(JSON.parse(view.private_metadata));
    const { reason, errors } = reasonIn(view);
    if (errors !== null) return await ack({ response_action: 'errors', errors });
    await acceptAnswer(context, {
      clickId: `${body.user.id}-${personId}-view-${view.id}`,
      about: 'offboarding',
      id: personId,
      chatUserId: body.user.id,
      channel,
      verb: 'start' satisfies OffboardingVerb,
      item: JSON.stringify({ reason } satisfies OffboardingAnswerItem),
    });
    await ack();
  });
}

function reasonIn(view: ViewSubmitAction['view']): { reason: string; errors: Record<string, string> | null } {
  const { text, wrong } = writtenIn(view.state.values[REASON]?.[REASON]?.value, 'Say why, in a sentence.');
  return { reason: text, errors: wrong === null ? null : { [REASON]: wrong } };
}

/**
 * `/access offboard @user`, and `/access offboard cancel @user` to take it back. The form says what will happen. It is
 * for the catalogue's admins alone.
 */
async function openOffboarding({ context, client, command, rest, answer }: Typed): Promise<void> {
  const say = (text: string) => answer({ text: escapeMrkdwn(text) });
  const asker = (await metAs(context, command.user_id)) ?? (await identify(context, command.user_id));
  if (isRefusal(asker)) return void (await say(`${asker.text} ${asker.next}`));
  const left = await leaverCase(context.db, asker.id);
  const refused =
    left === null
      ? (await adminOr(context, asker, ''))
        ? null
        : notAnAdmin(context)
      : refuseLeaver(left, 'notAnApprover');
  if (refused !== null) return await answer({ text: withMentions(await saidOf(context, refused)) });
  const accountId = /<@([A-Z0-9]+)(?:\|[^>]*)?>/.exec(command.text)?.[1];
  if (accountId === undefined) return await answer({ text: USAGE });
  const person = await whoeverIs(context, accountId);
  if (person === null)
    return void (await say(
      'Latchkey does not know who that is in the identity provider. Deactivate them there; Latchkey is told of it.',
    ));
  if (person.id === asker.id)
    return void (await say('You can’t offboard yourself, nor take that back. Ask another admin.'));
  if (/^cancel\b/.test(rest)) {
    const found = await caseToCancel(context, person.id);
    if (found === null)
      return void (await say(`${person.name} was never offboarded, so there is nothing to take back.`));
    const key = { offboarding: found.id, channel: command.channel_id };
    await openView(client, command.trigger_id, await cancelModal(context, key));
    return;
  }
  await openView(
    client,
    command.trigger_id,
    startModal(await toBeNamed(context, person), person, command.channel_id),
  );
}

/** Also somebody whose accounts are switched off already. */
async function whoeverIs(context: Data & Parties, accountId: string): Promise<Person | null> {
  const met = await metAs(context, accountId);
  if (met !== null) return await withTheirAccounts(context, met);
  // The person who was met as this account, should the IdP know nobody else by now.
  const known = await personByLink(context.db, 'slack', accountId);
  const email = (await context.chat.whoIs(accountId))?.verifiedEmail ?? null;
  if (email === null) return known;
  for (const idp of context.idps.all) {
    const [one, second] = await idp.findPeopleByEmail(email);
    if (second !== undefined) return known;
    if (one !== undefined) return await rememberPerson(context.db, idp.system, one);
  }
  return known;
}

/** An account of theirs that was met apart ends with the rest; while that can't be said, what is known ends. */
async function withTheirAccounts(context: Data & Parties, met: Person): Promise<Person> {
  try {
    return (await readPerson(context.db, await joinedWithApart(context, met.id))) ?? met;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return met;
  }
}

/** By mention: of several people with one name it is clear then who is meant. */
async function toBeNamed(context: Data & Parties, person: Person): Promise<Named> {
  const accountId = await linkOf(context.db, person.id, context.chat.system);
  return await named(context, { ...person, accountId });
}

function startModal(who: Named, person: Person, channel: string): ModalView {
  return formModal({
    callbackId: START,
    title: 'Offboard somebody',
    submit: 'Offboard',
    key: { personId: person.id, channel } satisfies z.infer<typeof startKey>,
    blocks: [
      section(mrkdwn(`*${mention(who)}* loses all access to MuleSoft at once:`)),
      section(
        mrkdwn(
          [
            '• pending requests by or for them are closed',
            '• what waits for their decision goes to others',
            '• every grant and every group that gives access ends',
            '• every Anypoint team is left, and Anypoint is read until it shows none',
            '• owners are asked to hand over or revoke their applications',
          ].join('\n'),
        ),
      ),
      whyInput(),
    ],
  });
}

function whyInput(): KnownBlock {
  return {
    type: 'input',
    block_id: REASON,
    label: { type: 'plain_text', text: 'Why?' },
    hint: { type: 'plain_text', text: 'It stands on the card and in the audit.' },
    element: { type: 'plain_text_input', action_id: REASON, multiline: true, max_length: REASON_MAX },
  };
}

async function cancelModal(context: Data & Parties, key: FormKey): Promise<ModalView> {
  const offboarding = await readOffboarding(context.db, key.offboarding);
  const person = offboarding === null ? null : await readPerson(context.db, offboarding.personId);
  const name = person === null ? 'They' : `*${mention(await toBeNamed(context, person))}*`;
  return formModal({
    callbackId: CANCEL,
    title: 'Take it back',
    submit: 'Take it back',
    key,
    blocks: [
      section(mrkdwn(`${name} can ask for access, be given it and decide on it again:`)),
      section(
        mrkdwn(
          [
            '• removals that have not been written yet are stopped',
            '• nothing that was removed comes back by itself: the card lists it, so that it can be asked for again',
            '• applications that were handed over or revoked stay so',
          ].join('\n'),
        ),
      ),
      whyInput(),
    ],
  });
}

async function handOverModal(context: Data, key: FormKey): Promise<ModalView> {
  const offboarding = await readOffboarding(context.db, key.offboarding);
  const person = offboarding === null ? null : await readPerson(context.db, offboarding.personId);
  const name = offboarding?.items.find((item) => item.key === key.key)?.name ?? 'The application';
  return formModal({
    callbackId: HAND_OVER,
    title: 'Hand it over',
    submit: 'Hand over',
    key,
    blocks: [
      section(plain(`${name} goes on working; ${person?.name ?? 'the leaver'} no longer owns it.`)),
      {
        type: 'input',
        block_id: TO,
        label: { type: 'plain_text', text: 'Who takes it?' },
        hint: { type: 'plain_text', text: 'Somebody active who has signed in to Anypoint.' },
        element: {
          type: 'users_select',
          action_id: TO,
          placeholder: { type: 'plain_text', text: 'Choose a person' },
        },
      },
    ],
  });
}

async function accept(
  context: Data & Runtime,
  key: FormKey,
  accountId: string,
  { verb, item, once }: { verb: OffboardingVerb; item: OffboardingAnswerItem; once: string },
): Promise<void> {
  await acceptAnswer(context, {
    clickId: `${accountId}-${key.offboarding}-${key.key ?? ''}-${once}`,
    about: 'offboarding',
    id: key.offboarding,
    chatUserId: accountId,
    channel: key.channel,
    verb,
    item: JSON.stringify(item),
  });
}
