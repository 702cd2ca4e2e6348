import type { Button, KnownBlock } from '@slack/types';
import { z } from 'zod';
import {
  figure,
  type MassNames,
  massHead,
  massStatusText,
  massVerbsExplained,
  massVerbWords,
  reopenedInWords,
  totalOf,
} from '../../core/mass-change/words.ts';
import { mayApprove } from '../../core/policy/routing.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { MassClickVerb } from '../../flow/mass-change/settle.ts';
import type { MassView } from '../../flow/mass-change/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { adviceBlocks } from '../change-card/advice.ts';
import { statusBlocks } from '../change-card/card.ts';
import { mention } from '../change-card/names.ts';
import { deciderBlocks } from '../change-card/rulings.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { cardButton } from '../forms/card-button.ts';
import { CONFIRM_TEXT_MAX, escapeMrkdwn, FIELD_TEXT_MAX, mrkdwn, plain, plainLines } from '../mrkdwn.ts';

/** A button carries the mass change to look up, and the round that was shown. */
export const massButton = cardButton(z.strictObject({ massChange: z.uuid(), round: z.int() }));

export const massActions = {
  keep: 'mass_keep',
  revert: 'mass_revert',
  choose: 'mass_choose',
  each: 'mass_each',
  show: 'mass_show',
} as const satisfies Record<MassClickVerb | 'show', string>;

/** Pure: every message that should exist about a mass change as it stands: one card, and replies that notify. */
export function massNotices(view: MassView): Notice<SlackContent>[] {
  const { mass } = view;
  const names = massNamesOf(view);
  const to = { channel: view.channel };
  const all: Notice<SlackContent>[] = [{ key: 'card', to, under: null, content: massCard(view) }];
  const reply = (key: string, text: string) =>
    all.push({ key, to, under: 'card', content: { text, blocks: [section(mrkdwn(text))] } });
  // Editing a card notifies nobody: whoever decides is told once that it grew, once when it waits too long, and of its
  // end.
  const waiting = `Still waiting for ${names.deciders}: ${figure(view.progress.open)} to decide on now.`;
  // A person who was not asked before is told, however often that changes. One who was is told once.
  const asked = mayApprove(mass.plan ?? { stages: [] }).map(({ id }) => id as string);
  if (mass.round > 1 && mass.state === 'asking')
    reply(`more:${fingerprintOf(...asked.toSorted())}`, `Put anew, with what was added. ${waiting}`);
  if (mass.remindedAt !== null && mass.state === 'asking') reply('reminded', waiting);
  const now = massStatusText(mass, view.progress, names);
  const late = view.progress.late.reduce((n, l) => n + l.count, 0) + view.progress.failed;
  if (mass.state === 'decided' && late > 0)
    reply('alarm', `:rotating_light: ${names.deciders}: ${now.detail} Latchkey keeps looking.`);
  const reopened = reopenedInWords(mass, names);
  if (reopened !== null) {
    const who = (mass.reopened ?? []).map(({ by }) => by as string);
    const text = `:rotating_light: ${massHead(mass, totalOf(view.progress), names)}. ${reopened}`;
    const content = { text, blocks: [section(mrkdwn(text))] };
    const key = `reopened:${fingerprintOf(...who.toSorted())}`;
    all.push({ key, to, under: 'card', content });
    for (const { accountId } of view.admins)
      if (accountId !== null)
        all.push({ key: `${key}:${accountId}`, to: { account: accountId }, under: null, content });
  }
  if (mass.state === 'done') reply('done', `:checkered_flag: ${now.headline}. ${now.detail}`);
  return all;
}

export function massNamesOf(view: MassView): MassNames {
  const { mass, deciders } = view;
  const order = mass.plan === null ? [] : mayApprove(mass.plan);
  return {
    title: escapeMrkdwn(view.title),
    group: escapeMrkdwn(mass.target?.groupName ?? 'the group'),
    team: escapeMrkdwn(mass.target?.teamName ?? 'the team'),
    foundThere: view.foundThere,
    deciders: decidersInWords(mass.plan, (p) =>
      mention(deciders[order.findIndex((known) => known.id === p.id)] ?? { name: p.name, accountId: null }),
    ),
    mover: view.mover === null ? 'Somebody' : mention(view.mover),
    idp: view.idpName,
    safe: escapeMrkdwn,
  };
}

function massCard(view: MassView): SlackContent {
  const { mass, progress } = view;
  const names = massNamesOf(view);
  const now = massStatusText(mass, progress, names);
  const count = mass.state === 'asking' ? progress.open : totalOf(progress);
  const head = massHead(mass, count, names);
  const blocks: KnownBlock[] = [section(mrkdwn(`*${head}*`))];
  if (view.gives !== null)
    blocks.push({
      type: 'section',
      fields: [
        mrkdwn(`*Gives*\n${escapeMrkdwn(view.gives)}`, FIELD_TEXT_MAX),
        mrkdwn(`*Tier*\n${view.tier ?? 'unknown'}`),
      ],
    });
  const lines = mass.kind === 'moved' ? view.items.flatMap((item) => item.note ?? []) : [];
  if (lines.length > 0) blocks.push(section(plainLines(lines.map((line) => `• ${line}`))));
  if (view.summary !== null && view.summary.plain !== '')
    blocks.push({ type: 'context', elements: [plain(`By rule: ${view.summary.plain}`)] });
  if (view.summary !== null) blocks.push(...adviceBlocks(view.summary));
  blocks.push(...deciderBlocks(mass.plan));
  blocks.push({ type: 'divider' }, ...statusBlocks(now));
  const reopened = reopenedInWords(mass, names);
  if (reopened !== null) blocks.push(section(mrkdwn(`:rotating_light: *${reopened}*`)));
  if (mass.state === 'asking') {
    blocks.push({ type: 'context', elements: [mrkdwn(massVerbsExplained(mass, names))] });
    blocks.push(buttons(view, head));
  }
  return { text: `${head}. ${now.headline}.`, blocks };
}

function buttons(view: MassView, head: string): KnownBlock {
  const { mass, progress } = view;
  const words = massVerbWords(mass.kind);
  const value = massButton.value({ massChange: mass.id, round: mass.round });
  const button = (action_id: string, text: string, rest: Partial<Button> = {}): Button => ({
    type: 'button',
    action_id,
    text: { type: 'plain_text', text },
    value,
    ...rest,
  });
  const sure = (verb: string): Partial<Button> => ({
    confirm: {
      title: { type: 'plain_text', text: `${verb}?` },
      text: mrkdwn(`${head}.`, CONFIRM_TEXT_MAX),
      confirm: { type: 'plain_text', text: verb },
      deny: { type: 'plain_text', text: 'Not now' },
    },
  });
  const elements = [
    button(massActions.keep, words.keep, sure(words.keep)),
    button(massActions.revert, words.revert, { style: 'danger', ...sure(words.revert) }),
  ];
  if (mass.kind === 'moved' && progress.open > 1) elements.push(button(massActions.choose, 'Choose…'));
  if (mass.kind === 'deactivated') elements.push(button(massActions.each, 'One by one…'));
  if (mass.kind !== 'moved') elements.push(button(massActions.show, 'Show them'));
  return { type: 'actions', block_id: 'mass', elements };
}
