import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { durationInWords } from '../../core/duration.ts';
import { Fault } from '../../core/fault.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { adminContacts } from '../../flow/people/admins.ts';
import { identify } from '../../flow/people/identify.ts';
import { choiceOf, choices } from '../../flow/request/bundles.ts';
import { type Beneficiary, beneficiaryOf } from '../../flow/request/free-text/beneficiary.ts';
import { type Draft, draftOf } from '../../flow/request/free-text/draft.ts';
import { isLaterStartOffered } from '../../flow/request/later-start.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { slackCall } from '../api/call.ts';
import { openView } from '../forms/forms.ts';
import { escapeMrkdwn, mrkdwn, OPTION_TEXT_MAX, plain, slackDate } from '../mrkdwn.ts';
import { fields } from './fields.ts';
import type { ForWhom } from './for-whom.ts';
import {
  ENTITLEMENT_SELECT,
  entitlementOption,
  loadingModal,
  messageModal,
  nothingModal,
  refusalModal,
  requestModal,
} from './form.ts';
import { startInput } from './start-field.ts';
import { chosenTicketEnd, withTicketEnd } from './ticket-end.ts';

/**
 * `/access` with words of the person's own. The form opens at once. It is filled in from the words as soon as the model
 * has read them. After the model's 2 s it stays as it is. Nothing is asked for until the person sends it. `reason`:
 * what stands under Why instead.
 */
export async function openFreeTextForm(
  context: Context,
  client: WebClient,
  command: { trigger_id: string; user_id: string; text: string; reason?: string },
): Promise<void> {
  const viewId = await openView(client, command.trigger_id, loadingModal());
  const view = await formOf(context, command.user_id, command);
  await slackCall(true, () => client.views.update({ view_id: viewId, view }));
}

async function formOf(
  context: Context,
  accountId: string,
  { text, reason }: { text: string; reason?: string },
): Promise<ModalView> {
  try {
    const person = await identify(context, accountId);
    if (isRefusal(person)) return refusalModal(person);
    const among = choices(context, person);
    if (among.length === 0) return nothingModal((await adminContacts(context)).admins);
    const read = await draftOf(context.adviser, {
      text: withoutMarkup(text),
      among,
      now: await databaseNow(context.db),
      timeZone: person.timeZone,
    });
    const draft = reason === undefined ? read : { ...read, reason };
    const others = among.filter((choice) => !draft.candidates.includes(choice));
    const { entitlement } = draft;
    const chosen = entitlement === null ? null : choiceOf(context, entitlement.key);
    const beneficiary = await beneficiaryOf(context, { text, asker: person, among });
    return filledIn(
      withTicketEnd(
        context,
        requestModal(
          [...draft.candidates, ...others],
          chosen,
          forWhomOf(beneficiary),
          isLaterStartOffered(context),
        ),
      ),
      draft,
      beneficiary,
    );
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ code: error.code }, 'form can’t be filled in');
    return messageModal(
      'Latchkey can’t look you up right now: the identity provider or Slack does not answer.',
      'Nothing was asked. Close this and try again in a minute.',
    );
  }
}

/** Pure: the request form with a draft in its fields, and above it where that comes from. */
export function filledIn(
  form: ModalView,
  draft: Draft,
  beneficiary: Beneficiary = { is: 'oneself' },
): ModalView {
  const blocks = form.blocks as KnownBlock[];
  // Without a ticket system there is no such choice, and nothing may look as if it ended with a ticket.
  const canEnd = blocks.some((block) => block.block_id === fields.endsWithTicket);
  const shown = canEnd ? draft : { ...draft, endsWithTicket: false };
  return {
    ...form,
    blocks: [...notes(shown, beneficiary), ...blocks.map((block) => withDraft(block, shown))],
  };
}

function withDraft(block: KnownBlock, draft: Draft): KnownBlock {
  const { entitlement, seconds, startsAt, reason, ticket } = draft;
  if (block.type !== 'input') return block;
  if (block.block_id === fields.endsWithTicket) return draft.endsWithTicket ? chosenTicketEnd() : block;
  if (block.block_id === fields.start) return startInput(startsAt);
  const { element } = block;
  if (element.type === 'plain_text_input') {
    const text = block.block_id === fields.reason ? reason : block.block_id === fields.ticket ? ticket : null;
    return text === null || text === '' ? block : { ...block, element: { ...element, initial_value: text } };
  }
  if (entitlement === null) return block;
  if (element.type === 'static_select' || element.type === 'external_select') {
    if (element.action_id === ENTITLEMENT_SELECT)
      return { ...block, element: { ...element, initial_option: entitlementOption(entitlement) } };
  }
  if (element.type !== 'static_select' || block.block_id !== fields.duration || seconds === null)
    return block;
  const asked = { text: plain(durationInWords(seconds), OPTION_TEXT_MAX), value: String(seconds) };
  const options = element.options ?? [];
  const known = options.find((option) => option.value === asked.value);
  return {
    ...block,
    element: {
      ...element,
      options: known === undefined ? [asked, ...options] : options,
      initial_option: known ?? asked,
    },
  };
}

/** The time holds all the same, so it says both. */
function endNote({ ticket }: Draft): string[] {
  return [
    `Until ${escapeMrkdwn(ticket ?? '')} is closed, as you wrote, and at the latest when its time is over. Untick it below if you don’t mean that.`,
  ];
}

/** A mention as it was typed: `<@U0000002|erik>` is `@erik`. */
function withoutMarkup(text: string): string {
  return text.replace(/<@[A-Z0-9]+\|([^>]*)>/gu, '@$1').replace(/<@[A-Z0-9]+>/gu, '');
}

function forWhomOf(beneficiary: Beneficiary): ForWhom {
  switch (beneficiary.is) {
    case 'oneself':
      return { isAsked: false, accountId: null };
    case 'person':
      return { isAsked: false, accountId: beneficiary.accountId };
    case 'ask':
      return { isAsked: true, accountId: null };
    default:
      return beneficiary satisfies never;
  }
}

function notes(draft: Draft, beneficiary: Beneficiary): KnownBlock[] {
  const { entitlement, startsAt, until, isCut, isForever, seconds, read, words } = draft;
  const lines: string[] = [];
  if (entitlement !== null)
    lines.push('Filled in from what you wrote. Look it over: nothing is asked for until you press Ask.');
  else if (read.answered) lines.push('It is not clear which access you mean, so please choose.');
  else
    lines.push(
      'Latchkey could not read that by itself just now, so please choose; what it may be about comes first.',
    );
  if (startsAt !== null) lines.push(`From when: ${slackDate(startsAt)}, as you wrote.`);
  if (entitlement !== null && until !== null && seconds !== null)
    lines.push(`For how long: until ${slackDate(until)}, as you wrote.`);
  if (draft.endsWithTicket) lines.push(...endNote(draft));
  if (isForever)
    lines.push(
      entitlement === null
        ? 'Nothing is given for ever: every access ends, and can be extended.'
        : `For how long: ${durationInWords(entitlement.maxSeconds)} is the longest there is; nothing is given for ever, and it can be extended.`,
    );
  else if (entitlement !== null && isCut)
    lines.push(
      `For how long: ${durationInWords(entitlement.maxSeconds)}, the longest there is, is less than you wrote.`,
    );
  if (beneficiary.is === 'person') lines.push(`For <@${beneficiary.accountId}>, as you wrote.`);
  const named = beneficiary.is === 'ask' ? [plain(`${beneficiary.why} Please choose whom it is for.`)] : [];
  return [
    {
      type: 'context',
      block_id: 'read',
      elements: [...lines.map((line) => mrkdwn(line)), ...named, plain(`You wrote: ${words}`)],
    },
  ];
}
