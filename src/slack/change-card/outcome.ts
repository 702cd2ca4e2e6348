import { isByRule, isFound } from '../../core/change/change.ts';
import { isStranded } from '../../core/policy/routing.ts';
import { approvedBy, decidedBy } from '../../core/wording/deciders.ts';
import { hasArrived } from '../../core/wording/ending.ts';
import { tookInWords } from '../../core/wording/legs.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { type SlackContent, section } from '../blocks.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { escapeMrkdwn, mrkdwn, quote, slackDate } from '../mrkdwn.ts';
import { mention, namesOf, titleOf } from './card.ts';
import type { Reader } from './personal.ts';

/** Replies under the messages: editing a message notifies nobody, an outcome has to. */
export function outcomeNotes(view: ChangeView, reader: Reader): { key: string; content: SlackContent }[] {
  const { change, ending } = view;
  const names = namesOf(view);
  const notes: { key: string; content: SlackContent }[] = [];
  const add = (key: string, text: string) =>
    notes.push({ key, content: { text, blocks: [section(mrkdwn(text))] } });
  const quoted = (key: string, text: string, words: string) =>
    notes.push({ key, content: { text, blocks: [section(mrkdwn(text)), quote(words)] } });
  const whom = reader === 'beneficiary' ? 'you' : mention(view.beneficiary);
  const title = escapeMrkdwn(titleOf(view));

  if (change.remindedAt !== null && change.state === 'asking')
    add(
      'reminded',
      change.plan === null || isStranded(change.plan)
        ? `Still waiting: nobody can decide on this until ${names.owner} mends the catalogue.`
        : `Still waiting for ${names.deciders}.`,
    );
  if (change.state === 'refused')
    quoted(
      'refused',
      `:no_entry: ${title} for ${whom} is refused.`,
      `${change.refusal?.text ?? ''} ${change.refusal?.next ?? ''}`,
    );
  if (change.decision?.outcome === 'denied' && isFound(change))
    add(
      'reverted',
      `:no_entry: ${names.owner}: ${title} for ${whom} is taken away again, as decided by ${decidedBy(change, escapeMrkdwn)}.`,
    );
  else if (change.decision?.outcome === 'denied')
    quoted(
      'denied',
      `:no_entry: ${title} for ${whom} was denied by ${escapeMrkdwn(change.decision.byName)}.`,
      `Reason: ${change.decision.note ?? ''}`,
    );
  if (change.decision?.outcome === 'lapsed')
    add(
      'lapsed',
      `:checkered_flag: ${title} for ${whom} lapsed: nobody decided in time. Ask again if it is still needed.`,
    );
  if (change.decision?.outcome === 'closed')
    add(
      'closed',
      `:checkered_flag: ${title} for ${whom} is closed: ${escapeMrkdwn(change.decision.note ?? '')}.`,
    );
  // Put to others than at first: editing the card tells them nothing.
  if (change.state === 'asking' && change.round > 1 && reader === 'channel')
    add(
      `asked:${change.round}`,
      change.plan === null || isStranded(change.plan)
        ? `Nobody can decide on this any more. ${names.owner} has to mend the catalogue: its approver rule leaves too few people.`
        : `Put anew. Now waiting for ${names.deciders}.`,
    );
  if (change.decision?.outcome === 'withdrawn' && !isFound(change))
    add(
      'withdrawn',
      `:checkered_flag: ${title} for ${whom} was taken back by ${escapeMrkdwn(change.decision.byName)}.`,
    );
  // The one message about it says so; what was kept with many others is told of when it ends.
  const isQuiet = isByRule(change) || change.partOf !== null;
  if (change.legs.seenAt !== null && change.grant !== null && !isQuiet)
    add(
      'seen',
      `:white_check_mark: ${title} is in effect in MuleSoft for ${whom} after ${tookInWords(change)}, until ${slackDate(change.grant.endsAt)}, approved ${approvedBy(change, escapeMrkdwn)}.`,
    );
  // What never arrived can't be missed when it ends.
  // Nobody else can do it for them, and an edited message is not announced by any phone.
  if (change.state === 'awaitingSignIn' && reader === 'beneficiary')
    add(
      'signIn',
      `:hourglass: ${title} is approved for you and waits for your first sign-in to Anypoint. *What to do:* sign in once${names.signInAt === undefined ? '' : ` at ${names.signInAt}`}; the access arrives by itself then${change.grant === null ? '' : `, until ${slackDate(change.grant.endsAt)}`}.`,
    );
  // What keeps their sign-in from counting is nothing that they can mend themselves.
  if (change.state === 'awaitingSignIn' && change.signInTrouble != null && reader === 'channel')
    add(
      `signIn:${fingerprintOf(change.signInTrouble)}`,
      `:warning: ${names.owner}: ${title} for ${whom} waits for a first sign-in. ${escapeMrkdwn(change.signInTrouble)}`,
    );
  // The owner mends it; who waits for it has to ask again.
  if (change.state === 'failed' && change.grant !== null && reader !== 'channel')
    add(
      'failed',
      `:rotating_light: ${title} for ${whom} was approved, but ${names.idp} refuses it, so it was not given. ${names.owner} has been told; ask again with \`/access\` once it is mended.`,
    );
  if (change.endingWarnedAt !== null && change.grant !== null && hasArrived(change))
    add(
      'ending',
      reader === 'channel'
        ? `:hourglass: ${title} for ${whom} ends ${slackDate(change.grant.endsAt)}.`
        : `:hourglass: ${title} for ${whom} ends ${slackDate(change.grant.endsAt)}. ${isByRule(change) ? 'Policy does not let it go on by rule: ask for it with `/access` if you still need it.' : 'Press *Extend…* to ask for longer, or let it end.'}`,
    );
  if (change.ended?.stillHeld === true && !isByRule(change))
    add(
      'kept',
      change.ended.stillHeldUntil === null
        ? `:checkered_flag: This grant of ${title} has ended; the access itself stays, because it was there before Latchkey.`
        : `:checkered_flag: This grant of ${title} has ended; the same access stays until ${slackDate(change.ended.stillHeldUntil)} through another grant.`,
    );
  if (ending?.legs.seenAt != null)
    add(
      'gone',
      hasArrived(change)
        ? `:checkered_flag: ${title} is gone from MuleSoft for ${whom}, ${tookInWords(ending)} after its end.`
        : `:checkered_flag: ${title} for ${whom} has ended; it had not arrived in MuleSoft, and MuleSoft does not have it.`,
    );
  return notes;
}
