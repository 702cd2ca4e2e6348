import type { App, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Objection } from '../../core/review/close.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import type { CampaignVerb, keepRuleItem } from '../../flow/review/campaign-clicks.ts';
import { objectionsOf } from '../../store/review-carrying.ts';
import { section } from '../blocks.ts';
import { cardButton } from '../forms/card-button.ts';
import { formModal } from '../forms/forms.ts';
import { writtenIn } from '../forms/written.ts';
import { escapeMrkdwn, mrkdwn, plain } from '../mrkdwn.ts';
import { WORDS_MAX } from './limits.ts';

const KEEP_RULE = 'campaign_keep_rule';

const objectionKey = z.strictObject({ campaign: z.uuid(), n: z.int() });
const objectionButton = cardButton(objectionKey);
type FormKey = z.infer<typeof objectionKey> & { channel: string };

/** Shown on the card; the others follow once these have an answer. */
const SHOWN_MAX = 5;

/** Pure: each objection that waits, with the button that answers it. */
export function objectionBlocks(campaign: string, objections: readonly Objection[]): KnownBlock[] {
  if (objections.length === 0) return [];
  const rest = objections.length - SHOWN_MAX;
  return [
    section(
      mrkdwn(
        `*Rules that a reviewer says are wrong*. The review stays open until an admin changes \`birthright\` in the catalogue, or says why the rule stays.${rest > 0 ? ` ${rest} more follow.` : ''}`,
      ),
    ),
    ...objections.slice(0, SHOWN_MAX).map(
      ({ n, title, departments, by, comment }): KnownBlock => ({
        type: 'section',
        block_id: `objection:${n}`,
        text: mrkdwn(
          `${escapeMrkdwn(by)}: everybody in ${escapeMrkdwn(departments.join(', '))} has *${escapeMrkdwn(title)}* by a rule${comment === null ? '' : `. _${escapeMrkdwn(comment)}_`}`,
        ),
        accessory: {
          type: 'button',
          action_id: KEEP_RULE,
          text: { type: 'plain_text', text: 'The rule stays…' },
          value: objectionButton.value({ campaign, n }),
        },
      }),
    ),
  ];
}

/** Pure: why the rule stays as it is. */
export function keepRuleForm({ title, by, comment }: Objection, key: FormKey): ModalView {
  return formModal({
    callbackId: KEEP_RULE,
    title: 'The rule stays',
    submit: 'It stays',
    key,
    blocks: [
      section(
        plain(`${by} says that the rule is wrong: ${title}.${comment === null ? '' : ` “${comment}”`}`),
      ),
      {
        type: 'input',
        block_id: 'why',
        label: { type: 'plain_text', text: 'Why it stays' },
        hint: { type: 'plain_text', text: 'It stands in the certificate, with your name.' },
        element: { type: 'plain_text_input', action_id: 'why', multiline: true, max_length: WORDS_MAX },
      },
    ],
  });
}

/** Answering an objection: it is stored before it is acknowledged, and settled later. */
export function registerObjectionHandlers(app: App, context: Context, client: WebClient): void {
  objectionButton.opens({ app, context, client }, KEEP_RULE, async ({ campaign, n, channel }) => {
    const objection = (await objectionsOf(context.db, campaign)).find((one) => one.n === n);
    return objection === undefined ? null : keepRuleForm(objection, { campaign, n, channel });
  });
  app.view<ViewSubmitAction>(KEEP_RULE, async ({ ack, body, view }) => {
    const { campaign, n, channel } = objectionButton.form(view.private_metadata);
    const { text, wrong } = writtenIn(view.state.values.why?.why?.value, 'Say why, in a sentence.');
    if (wrong !== null) return await ack({ response_action: 'errors', errors: { why: wrong } });
    const verb: CampaignVerb = 'keepRule';
    const item: z.infer<typeof keepRuleItem> = { n, why: text };
    await acceptAnswer(context, {
      clickId: `${body.user.id}-${campaign}-${verb}-${view.id}`,
      about: 'campaign',
      id: campaign,
      chatUserId: body.user.id,
      channel,
      verb,
      item: JSON.stringify(item),
    });
    await ack({ response_action: 'clear' });
  });
}
