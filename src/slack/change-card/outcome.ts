import type { KnownBlock } from '@slack/types';
import { type Change, isByRule, isFound } from '../../core/change/change.ts';
import { sameAgain } from '../../core/change/extended.ts';
import type { Warning } from '../../core/change/warnings.ts';
import { durationInWords } from '../../core/duration.ts';
import { isNeverBegun, type Names } from '../../core/wording/change-status.ts';
import { approvedBy, decidedBy } from '../../core/wording/deciders.ts';
import { hasArrived } from '../../core/wording/ending.ts';
import { afterInWords, tookInWords } from '../../core/wording/legs.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { type SlackContent, section } from '../blocks.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { quoteSaid, withMentions } from '../said.ts';
import { actions, changeButton } from './buttons.ts';
import { mention, namesOf, peopleIn, titleOf } from './names.ts';
import type { Reader } from './personal.ts';
import { ticketReplies } from './ticket-replies.ts';
import { isWithoutDeciders, waitingReplies } from './waiting-replies.ts';

/** Facts that all replies are made of. */
export type Told = {
  view: ChangeView;
  change: Change;
  ending: Change | null;
  reader: Reader;
  names: Names;
  title: string;
  whom: string;
};

export type Reply = {
  /** Null: not (yet). A reply is posted once for each key. */
  key: (told: Told) => string | null;
  text: (told: Told) => string;
  /** Set off below, in the words of whoever said it. */
  quoted?: (told: Told) => string;
  /** What is below that. */
  blocks?: (told: Told) => KnownBlock[];
};

/** Replies under the messages: editing a message notifies nobody, an outcome has to. */
export function outcomeNotes(view: ChangeView, reader: Reader): { key: string; content: SlackContent }[] {
  const told: Told = {
    view,
    change: view.change,
    ending: view.ending,
    reader,
    names: namesOf(view),
    title: escapeMrkdwn(titleOf(view)),
    whom: reader === 'beneficiary' ? 'you' : mention(view.beneficiary),
  };
  return replies.flatMap((reply) => {
    const key = reply.key(told);
    if (key === null) return [];
    const text = reply.text(told);
    const said = reply.quoted?.(told) ?? null;
    const words = said === null ? [] : [quoteSaid({ words: said, people: peopleIn(view) })];
    const blocks = [section(mrkdwn(text)), ...words, ...(reply.blocks?.(told) ?? [])];
    // A notification shows no blocks, and the reason is what one wants to know.
    return [
      {
        key,
        content: {
          text:
            said === null
              ? text
              : `${text} ${withMentions({ words: withoutLinks(said), people: peopleIn(view) })}`,
          blocks,
        },
      },
    ];
  });
}

/** A notification is no place for an address that somebody else chose. */
function withoutLinks(words: string): string {
  return words.replace(/\S+:\/\/\S+/g, '(link)');
}

/** In the order in which they are posted where several are due at once. */
const replies: readonly Reply[] = [
  ...waitingReplies,
  {
    // For those who decide, under the card; whoever pressed it reads it in the message.
    key: ({ change, reader }) =>
      change.state === 'asking' && reader === 'channel' && (change.nudges?.length ?? 0) > 0
        ? `nudged:${change.nudges?.length}`
        : null,
    text: ({ change, names }) =>
      `:bell: ${names.safe(change.nudges?.at(-1)?.name ?? '')} asks once more: still waiting for ${names.deciders}.`,
  },
  {
    key: ({ change }) => (change.state === 'refused' ? 'refused' : null),
    text: ({ title, whom }) => `:no_entry: ${title} for ${whom} is refused.`,
    quoted: ({ change }) => `${change.refusal?.text ?? ''} ${change.refusal?.next ?? ''}`,
  },
  {
    key: ({ change }) => (change.decision?.outcome === 'denied' && isFound(change) ? 'reverted' : null),
    text: ({ change, names, reader, title, whom }) =>
      `:no_entry: ${reader === 'channel' ? `${names.owner}: ` : ''}${title} for ${whom} is taken away again, as decided by ${decidedBy(change, escapeMrkdwn)}.`,
  },
  {
    key: ({ change }) => (change.decision?.outcome === 'denied' && !isFound(change) ? 'denied' : null),
    text: ({ change, title, whom }) =>
      `:no_entry: ${title} for ${whom} was ${change.scheduled == null ? 'denied' : 'called off before its start'} by ${escapeMrkdwn(change.decision?.byName ?? '')}.`,
    quoted: ({ change }) => `Reason: ${change.decision?.note ?? ''}`,
  },
  {
    // An edited message is not announced, and whoever asked plans with it.
    key: ({ change, reader }) =>
      change.state === 'scheduled' && reader !== 'channel' ? `scheduled:${change.round}` : null,
    text: ({ change, title, whom }) =>
      `:hourglass: ${title} for ${whom} is approved ${approvedBy(change, escapeMrkdwn)}, ${scheduleOf(change)}.`,
  },
  {
    key: ({ change }) =>
      change.state === 'scheduled' && change.scheduled?.delayed !== undefined ? 'delayed' : null,
    text: ({ change, names, title, whom }) =>
      `:warning: ${title} for ${whom} was to begin ${slackDate(change.scheduled?.startsAt ?? change.requestedAt)}, but whether it still fits can’t be checked: ${names.safe(change.scheduled?.delayed?.why ?? '')}. It is tried again; its end stays.`,
  },
  {
    key: ({ change }) => (change.decision?.outcome === 'lapsed' ? 'lapsed' : null),
    text: ({ change, title, whom }) =>
      `:checkered_flag: ${title} for ${whom} lapsed: ${isNeverBegun(change) ? 'its time was over before it could begin' : 'nobody decided in time'}. Ask again if it is still needed.`,
  },
  {
    key: ({ change }) => (change.decision?.outcome === 'closed' ? 'closed' : null),
    text: ({ change, title, whom }) =>
      `:checkered_flag: ${title} for ${whom} is closed: ${escapeMrkdwn(change.decision?.note ?? '')}.`,
  },
  {
    // Put to others than at first: editing the card tells them nothing.
    key: ({ change, reader }) =>
      change.state === 'asking' && change.round > 1 && reader === 'channel' ? `asked:${change.round}` : null,
    text: ({ change, names }) =>
      isWithoutDeciders(change)
        ? `Nobody can decide on this any more. ${names.owner} has to mend the catalogue: its approver rule leaves too few people.`
        : `Put anew. Now waiting for ${names.deciders}.`,
  },
  {
    key: ({ change }) => (change.decision?.outcome === 'withdrawn' && !isFound(change) ? 'withdrawn' : null),
    text: ({ change, title, whom }) =>
      `:checkered_flag: ${title} for ${whom} was taken back by ${escapeMrkdwn(change.decision?.byName ?? '')}.`,
  },
  {
    // The one message about what is by rule says so; what was kept with many others is told of when it ends.
    key: ({ change }) =>
      change.legs.seenAt !== null && change.grant !== null && !isByRule(change) && change.partOf === null
        ? 'seen'
        : null,
    text: ({ change, title, whom }) =>
      change.cause === 'extension'
        ? `:white_check_mark: ${title} is extended for ${whom} until ${endOf(change)}, approved ${approvedBy(change, escapeMrkdwn)}.`
        : `:white_check_mark: ${title} is in effect in MuleSoft for ${whom} ${afterInWords(change)}, until ${endOf(change)}, approved ${approvedBy(change, escapeMrkdwn)}.`,
  },
  {
    // Nobody else can do it for them, and an edited message is not announced by any phone.
    key: ({ change, reader }) =>
      change.state === 'awaitingSignIn' && reader === 'beneficiary' && change.unmapped === undefined
        ? 'signIn'
        : null,
    text: ({ change, names, title }) =>
      change.target?.delivery === 'claim'
        ? nextSignInText({ change, names, title })
        : `:hourglass: ${title} is approved for you and waits for your first sign-in to Anypoint. *What to do:* sign in once${names.signInAt === undefined ? '' : ` at ${names.signInAt}`}; the access arrives by itself then${change.grant === null ? '' : `, until ${endOf(change)}`}.`,
  },
  {
    // The sign-in that they were told of would give nothing; and then it would again.
    key: ({ change, reader }) =>
      change.state === 'awaitingSignIn' && change.unmapped !== undefined && reader === 'beneficiary'
        ? `unmapped:${change.unmapped}`
        : null,
    text: ({ change, names, title }) =>
      change.unmapped === 'before'
        ? nextSignInText({ change, names, title })
        : `:warning: ${title} is approved for you, but no sign-in to Anypoint would give it now. ${names.owner} and the admins have been told why. You need do nothing; you are told here once it is mended.`,
  },
  {
    // The trouble that keeps their sign-in from counting is nothing that they can mend themselves.
    key: ({ change, reader }) =>
      change.state === 'awaitingSignIn' &&
      change.signInTrouble != null &&
      change.unmapped !== 'now' &&
      reader === 'channel'
        ? `signIn:${fingerprintOf(change.signInTrouble)}`
        : null,
    text: ({ change, names, title, whom }) =>
      `:warning: ${names.owner}: ${title} for ${whom} waits for a first sign-in. ${escapeMrkdwn(change.signInTrouble ?? '')}`,
  },
  {
    // The owner mends it; who waits for it has to ask again.
    key: ({ change, reader }) =>
      change.state === 'failed' && change.grant !== null && reader !== 'channel' ? 'failed' : null,
    text: ({ names, title, whom }) =>
      `:rotating_light: ${title} for ${whom} was approved, but ${names.idp} refuses it, so it was not given. ${names.owner} has been told; ask again with \`/access\` once it is mended.`,
  },
  ...ticketReplies,
  warningReply('day'),
  warningReply('hour'),
  warningReply('rule'),
  {
    // What goes on under an extension is told by that one.
    key: ({ change }) =>
      change.ended?.stillHeld === true && change.ended.extendedBy === undefined && !isByRule(change)
        ? 'kept'
        : null,
    text: ({ change, title }) =>
      change.ended?.stillHeldUntil == null
        ? `:checkered_flag: This grant of ${title} has ended; the access itself stays, because it was there before Latchkey.`
        : `:checkered_flag: This grant of ${title} has ended; the same access stays until ${slackDate(change.ended.stillHeldUntil)} through another grant.`,
  },
  {
    key: ({ ending }) => (ending?.legs.seenAt != null ? 'gone' : null),
    text: ({ change, ending, title, whom }) =>
      hasArrived(change)
        ? `:checkered_flag: ${title} is gone from MuleSoft for ${whom}, ${ending === null ? '' : tookInWords(ending)} after its end.`
        : `:checkered_flag: ${title} for ${whom} has ended; it had not arrived in MuleSoft, and MuleSoft does not have it.`,
  },
];

/**
 * `rule`: rules let it go on no more. The people who decided need not be told. Access that never arrived can't be
 * missed.
 */
function warningReply(warning: Warning | 'rule'): Reply {
  return {
    key: ({ change, reader }) => {
      const byTime: readonly (Warning | 'rule')[] | undefined = change.warnings;
      const given = byTime ?? (change.endingWarnedAt === null ? [] : ['rule' as const]);
      return given.includes(warning) && change.grant !== null && hasArrived(change) && reader !== 'channel'
        ? `ending:${warning}`
        : null;
    },
    text: endingText,
    blocks: ({ change, view }) => (change.warnings?.at(-1) === warning ? endingButtons(change, view) : []),
  };
}

/** A warning is edited with what became of it: of what was let end, or extended, nobody is asked again. */
function endingText({ change, view, names, title, whom }: Told): string {
  const ends = `:hourglass: ${title} for ${whom} ends ${endOf(change)}.`;
  if (change.ended !== null)
    return change.ended.extendedBy === undefined
      ? `:checkered_flag: ${title} for ${whom} has ended.`
      : `:white_check_mark: ${title} for ${whom} is extended until ${slackDate(change.ended.stillHeldUntil ?? change.ended.at)}.`;
  if (isByRule(change))
    return `${ends} Policy does not let it go on by rule: ask for it with \`/access\` if you still need it.`;
  if (view.extending !== undefined) return `${ends} You asked to extend it; that is not decided yet.`;
  if (change.renewalDeclined !== undefined)
    return `${ends} ${names.safe(change.renewalDeclined.name)} reviewed it, and it is not to be renewed.`;
  if (change.endAgreed !== undefined)
    return `${ends} ${(change.endAgreed.by === change.personId) === (whom === 'you') ? 'You' : names.safe(change.endAgreed.name)} let it end.`;
  return `${ends} Extend it, or let it end.`;
}

function endingButtons(change: Change, view: ChangeView): KnownBlock[] {
  const { entitlement, extending } = view;
  if (change.ended !== null || change.endAgreed !== undefined || extending !== undefined) return [];
  if (change.renewalDeclined !== undefined) return [];
  if (isByRule(change) || entitlement === null) return [];
  const seconds = sameAgain(change, entitlement);
  if (seconds === null) return [];
  const value = changeButton.value({ change: change.id, round: change.round });
  const button = (action_id: string, text: string) =>
    ({ type: 'button', action_id, text: { type: 'plain_text', text }, value }) as const;
  return [
    {
      type: 'actions',
      block_id: 'ending',
      elements: [
        button(actions.extendNow, `Extend by ${durationInWords(seconds)}`),
        button(actions.letEnd, 'Let it end'),
      ],
    },
  ];
}

function nextSignInText({ change, names, title }: Pick<Told, 'change' | 'names' | 'title'>): string {
  const at = names.signInAt === undefined ? '' : ` at ${names.signInAt}`;
  return `:hourglass: ${title} is approved for you, from your next sign-in in Anypoint${change.grant === null ? '' : ` until ${endOf(change)}`}. *What to do:* sign out of Anypoint if you are signed in, then sign in${at}. You are told here once MuleSoft shows it.`;
}

function scheduleOf({ scheduled }: Change): string {
  return scheduled == null
    ? ''
    : `from ${slackDate(scheduled.startsAt)} until ${slackDate(scheduled.endsAt)}`;
}

/** Only of what has a grant. */
function endOf({ grant }: Change): string {
  return grant === null ? '' : slackDate(grant.endsAt);
}
