import { figure } from '../../core/mass-change/words.ts';
import type { DeliveryView } from '../../flow/delivery/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { legHint } from '../change-card/alarm.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/**
 * Pure: one message to each owner and each of the catalogue's admins, edited in place; where none is in chat, one in the
 * channel.
 */
export function deliveryNotices(view: DeliveryView): Notice<SlackContent>[] {
  const text = view.trouble.mendedAt === null ? troubleText(view) : mendedText(view);
  const content: SlackContent = { text, blocks: [section(mrkdwn(text))] };
  const accounts = new Set([...view.owners, ...view.admins].flatMap(({ accountId }) => accountId ?? []));
  if (accounts.size === 0) return [{ key: 'delivery', to: { channel: view.channel }, under: null, content }];
  return [...accounts].map((account) => ({
    key: `delivery:${account}`,
    to: { account },
    under: null,
    content,
  }));
}

function troubleText(view: DeliveryView): string {
  const { trouble } = view;
  const since = `(since ${slackDate(trouble.since)})`;
  if (trouble.kind === 'unmapped')
    return `:rotating_light: Signing in to Anypoint no longer gives ${titlesOf(view)} ${since}: ${escapeMrkdwn(trouble.why ?? '')}.\n${heldInWords(view)}It can’t be asked for until that is mended; what ends is taken away as ever. This message says when it is mended.`;
  const { target } = trouble;
  const hint = legHint('delivery', {
    idp: view.idpName,
    connectorNow: view.connectorNow,
    group: escapeMrkdwn(target.groupName),
    team: escapeMrkdwn(target.teamName),
    delivery: target.delivery,
  });
  return `:rotating_light: ${whoIsMissing(view)} ${since}.\n*What to do:* ${hint}${target.delivery === 'claim' ? ' Then they sign out of Anypoint and in again.' : ''} Whoever should not have it: end it with its message, or take them out of ${escapeMrkdwn(target.groupName)}.\nLatchkey does not write there in its place. It looks again with each comparison, and this message says when all of them are there.`;
}

function whoIsMissing({ trouble, missing, idpName }: DeliveryView): string {
  const { target, personIds } = trouble;
  const team = `the team ${escapeMrkdwn(target.teamName)}`;
  const count = personIds.length;
  const more = count - missing.length;
  const names = `${missing.map(escapeMrkdwn).join(', ')}${more > 0 ? ` and ${figure(more)} more` : ''}`;
  return target.delivery === 'native'
    ? `${idpName}’s own Anypoint connector has not put ${people(count)} into ${team}, though ${idpName} has them in ${escapeMrkdwn(target.groupName)}: ${names}`
    : `${people(count)} had ${team} by the group claim of their sign-in, still should, and ${count === 1 ? 'is' : 'are'} no longer there: ${names}. A sign-in without the group took it away, or somebody did by hand`;
}

function heldInWords({ holders: { holders, waiting } }: DeliveryView): string {
  if (holders === 0) return '';
  const held = holders - waiting;
  const parts = [
    held > 0
      ? `${people(held)} ${held === 1 ? 'has' : 'have'} it and may lose it at ${held === 1 ? 'the' : 'their'} next sign-in`
      : '',
    waiting > 0
      ? `${people(waiting)} ${waiting === 1 ? 'waits' : 'wait'} for a sign-in that would not give it`
      : '',
  ].filter((part) => part !== '');
  return `${parts.join('; ')}.\n`;
}

function mendedText(view: DeliveryView): string {
  const { trouble } = view;
  const over =
    trouble.kind === 'unmapped'
      ? `Signing in to Anypoint gives ${titlesOf(view)} again`
      : `Everybody who should be in the team ${escapeMrkdwn(trouble.target.teamName)} by ${escapeMrkdwn(trouble.target.groupName)} is there`;
  return `:white_check_mark: ${over}, as seen ${slackDate(trouble.mendedAt as Date)}. It had not been so since ${slackDate(trouble.since)}.`;
}

function titlesOf({ titles, trouble }: DeliveryView): string {
  return titles.length === 0
    ? `the team ${escapeMrkdwn(trouble.target.teamName)}`
    : titles.map(escapeMrkdwn).join(', ');
}

function people(count: number): string {
  return count === 1 ? '1 person' : `${figure(count)} people`;
}
