import type { Button, KnownBlock, MrkdwnElement } from '@slack/types';
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
import { capital } from '../../core/text.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { MassClickVerb } from '../../flow/mass-change/settle.ts';
import type { MassView } from '../../flow/mass-change/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { adviceLine } from '../change-card/advice.ts';
import { statusBlocks, waitingLine } from '../change-card/card.ts';
import { outOfTheOrdinary } from '../change-card/glance.ts';
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

/** Of those about whom nothing is known in common. */
const NAMED_ON_CARD = 5;

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

/**
 * The card, to be decided on at a glance, in the order of a request's: who it is about, what it gives, what is out of
 * the ordinary, and the buttons. The rest is behind *Details*. Once it is decided, where it stands comes first.
 */
function massCard(view: MassView): SlackContent {
  const { mass, progress, summary } = view;
  const names = massNamesOf(view);
  const now = massStatusText(mass, progress, names);
  const count = mass.state === 'asking' ? progress.open : totalOf(progress);
  const head = massHead(mass, count, names);
  const text = `${head}. ${now.headline}.`;
  const top = [section(mrkdwn(`*${head}*`))];
  const reopened = reopenedInWords(mass, names);
  const warning = reopened === null ? [] : [section(mrkdwn(`:rotating_light: *${reopened}*`))];
  if (mass.state !== 'asking')
    return { text, blocks: [...top, ...statusBlocks(now), ...warning, buttons(view, head)] };
  return {
    text,
    blocks: [
      ...top,
      ...massFacts(view),
      ...deciderBlocks(mass.plan),
      ...unusualOf(view),
      ...warning,
      buttons(view, head),
      { type: 'context', elements: [mrkdwn(massVerbsExplained(mass, names))] },
      waitingLine(now),
      ...(summary === null ? [] : adviceLine(summary, null)),
    ],
  };
}

/** Of a mover, what they still hold; of many, who they are, what it gives them, and who did it. */
export function massFacts(view: MassView): KnownBlock[] {
  const { mass, gives, tier, items } = view;
  const held = mass.kind === 'moved' ? items.flatMap((item) => item.note ?? []) : [];
  const known = (label: string) => factOf(view, label);
  const fields = [
    ...(mass.kind === 'moved'
      ? []
      : field('Who', (mass.target === null ? null : known('people')) ?? namesInShort(view))),
    ...field('Gives', gives),
    ...(tier === null ? [] : field('Tier', tier)),
    ...field('Done by', known('who did it')),
  ];
  return [
    ...(held.length === 0 ? [] : [section(plainLines(held.map((line) => `•  ${line}`)))]),
    ...(fields.length === 0 ? [] : [{ type: 'section' as const, fields }]),
  ];
}

function field(label: string, text: string | null): MrkdwnElement[] {
  return text === null || text === ''
    ? []
    : [mrkdwn(`*${label}*\n${escapeMrkdwn(capital(text))}`, FIELD_TEXT_MAX)];
}

/** Null: nobody has looked for that. */
function factOf({ summary }: MassView, label: string): string | null {
  return summary?.sheet.facts.find((fact) => fact.label === label)?.text ?? null;
}

/** The first by name, where nothing else is known of all of them. */
function namesInShort({ items, progress }: MassView): string {
  const named = items.slice(0, NAMED_ON_CARD).map(({ name }) => name);
  const rest = totalOf(progress) - named.length;
  if (named.length === 0) return '';
  return `${named.join(', ')}${rest > 0 ? ` and ${figure(rest)} more` : ''}`;
}

/** What policy says to keeping them stands there always: it is the one thing that the buttons depend on. */
function unusualOf(view: MassView): KnownBlock[] {
  const rules = factOf(view, 'verdict');
  const before = factOf(view, 'earlier findings');
  const unusual = [
    ...(factOf(view, 'who did it') === 'not known' ? ['who did it is not known'] : []),
    ...(before === null || before === 'none' ? [] : [`found before: ${escapeMrkdwn(before)}`]),
  ];
  return [
    ...outOfTheOrdinary(unusual),
    ...(rules === null
      ? []
      : [{ type: 'context' as const, elements: [plain(`By rule: ${capital(rules)}.`)] }]),
  ];
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
  const details = button(massActions.show, 'Details');
  if (mass.state !== 'asking') return { type: 'actions', block_id: 'more', elements: [details] };
  const elements = [
    button(massActions.keep, words.keep, sure(words.keep)),
    button(massActions.revert, words.revert, { style: 'danger', ...sure(words.revert) }),
  ];
  if (mass.kind === 'moved' && progress.open > 1) elements.push(button(massActions.choose, 'Choose…'));
  if (mass.kind === 'deactivated') elements.push(button(massActions.each, 'One by one…'));
  return { type: 'actions', block_id: 'mass', elements: [...elements, details] };
}
