import type { KnownBlock } from '@slack/types';
import { isFound } from '../../core/change/change.ts';
import { isPending } from '../../core/change/states.ts';
import type { AtAGlance } from '../../core/facts/at-a-glance.ts';
import { capital } from '../../core/text.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, plain, slackMonth } from '../mrkdwn.ts';

/** The beneficiary, as the directory has them: one line under the head, and one more where a rule asks whether they are on call or where they are. Empty where that was not kept. */
export function whoBlocks({ summary, idpName }: ChangeView): KnownBlock[] {
  const who = summary?.glance?.who;
  return who === undefined ? [] : [whoBlock(who, idpName)];
}

/** A person as the directory has them, in a line. */
export function whoBlock(who: AtAGlance['who'], idpName: string): KnownBlock {
  const job = [who.title, who.department].filter((part) => part !== null).map(escapeMrkdwn);
  const parts = [
    ...(job.length === 0 ? [] : [job.join(', ')]),
    who.manager === null ? 'no manager in the directory' : `manager: ${escapeMrkdwn(who.manager)}`,
    ...(who.since === null ? [] : [`in ${idpName} since ${slackMonth(new Date(who.since))}`]),
  ];
  const presence = who.presence === undefined ? '' : `\n${escapeMrkdwn(who.presence)}`;
  return { type: 'context', elements: [mrkdwn(`${parts.join('  ·  ')}${presence}`)] };
}

/** What stands above the buttons. Of what was found, the summary by rule is long: it is behind *Details*. */
export function glanceBlocks(view: ChangeView): KnownBlock[] {
  const isLooked = view.summary?.glance != null;
  return isFound(view.change) && !isLooked ? [] : unusualBlocks(view);
}

/** The facts that are out of the ordinary, or that nothing is. Where nobody looked for that, the summary by rule. */
export function unusualBlocks({ change, summary }: ChangeView): KnownBlock[] {
  if (summary === null) return [];
  const glance = summary.glance ?? null;
  if (glance === null || (glance.unusual.length === 0 && glance.usual === null)) {
    const byRule = isPending(change.state) ? 'By rule' : 'By rule, when it was asked for';
    return [{ type: 'context', elements: [plain(`${byRule}: ${summary.plain}`)] }];
  }
  if (glance.usual !== null) return [{ type: 'context', elements: [plain(`${glance.usual}.`)] }];
  return outOfTheOrdinary(glance.unusual.map((text) => escapeMrkdwn(text)));
}

/** What a card says before its buttons because it is not as usual; nothing where there is none. */
export function outOfTheOrdinary(safe: readonly string[]): KnownBlock[] {
  if (safe.length === 0) return [];
  const lines = safe.map((text) => `•  ${capital(text)}`);
  return [section(mrkdwn(`:mag: *Out of the ordinary*\n${lines.join('\n')}`))];
}
