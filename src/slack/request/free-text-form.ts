import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { durationInWords } from '../../core/duration.ts';
import { Fault } from '../../core/fault.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { identify } from '../../flow/people/identify.ts';
import { choiceOf, choices } from '../../flow/request/bundles.ts';
import { type Draft, draftOf } from '../../flow/request/free-text/draft.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { slackCall } from '../api/call.ts';
import { openView } from '../forms/forms.ts';
import { mrkdwn, OPTION_TEXT_MAX, plain, slackDate } from '../mrkdwn.ts';
import {
  ENTITLEMENT_SELECT,
  entitlementOption,
  fields,
  loadingModal,
  messageModal,
  nothingModal,
  refusalModal,
  requestModal,
} from './form.ts';

/**
 * `/access` with words of the person's own: a form at once, filled in from them as soon as the model has read them, or
 * without it after its 2 s. Nothing is asked for until the person sends it. `reason`: what stands under Why instead.
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
    if (among.length === 0) return nothingModal(context.catalogue.current().admins);
    const read = await draftOf(context.adviser, {
      text,
      among,
      now: await databaseNow(context.db),
      timeZone: person.timeZone,
    });
    const draft = reason === undefined ? read : { ...read, reason };
    const others = among.filter((choice) => !draft.candidates.includes(choice));
    const { entitlement } = draft;
    const chosen = entitlement === null ? null : choiceOf(context, entitlement.key);
    return filledIn(requestModal([...draft.candidates, ...others], chosen), draft);
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
export function filledIn(form: ModalView, draft: Draft): ModalView {
  return {
    ...form,
    blocks: [...notes(draft), ...(form.blocks as KnownBlock[]).map((block) => withDraft(block, draft))],
  };
}

function withDraft(block: KnownBlock, { entitlement, seconds, reason, ticket }: Draft): KnownBlock {
  if (block.type !== 'input') return block;
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

function notes({ entitlement, until, isCut, seconds, read }: Draft): KnownBlock[] {
  const lines: string[] = [];
  if (entitlement !== null)
    lines.push('Filled in from what you wrote. Look it over: nothing is asked for until you press Ask.');
  else if (read.answered)
    lines.push('It is not clear which access you mean, so please choose. What you wrote stands under Why.');
  else
    lines.push(
      'Latchkey could not read that by itself just now, so please choose; what it may be about comes first. What you wrote stands under Why.',
    );
  if (entitlement !== null && until !== null && seconds !== null)
    lines.push(`For how long: until ${slackDate(until)}, as you wrote.`);
  if (entitlement !== null && isCut)
    lines.push(
      `For how long: ${durationInWords(entitlement.maxSeconds)}, the longest there is, is less than you wrote.`,
    );
  return [{ type: 'context', block_id: 'read', elements: lines.map((line) => mrkdwn(line)) }];
}
