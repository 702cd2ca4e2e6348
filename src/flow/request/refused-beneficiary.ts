import { type Refusal, refuse } from '../../core/refusal.ts';
import type { Parties } from '../kernel/context.ts';

/** `identify` speaks to the person it looks up; here somebody else reads it. */
export async function aboutThem(context: Parties, accountId: string, { reason }: Refusal): Promise<Refusal> {
  const name = (await context.chat.whoIs(accountId))?.name ?? 'that person';
  const askIt = 'Ask the IT desk to look at their account.';
  switch (reason) {
    case 'notAPerson':
      return refuse(reason, `${name} is a bot; bots can’t hold access.`, 'Choose a person.');
    case 'guest':
      return refuse(
        reason,
        `${name} is a guest; guests can’t hold access.`,
        `Choose a member of ${context.chat.name}.`,
      );
    case 'stranger':
      return refuse(
        reason,
        `${name} belongs to another organisation, so they can’t hold access.`,
        'Choose somebody of ours.',
      );
    case 'deactivated':
      return refuse(reason, `${name}’s ${context.chat.name} account is deactivated.`, askIt);
    case 'noVerifiedEmail':
      return refuse(
        reason,
        `${name}’s ${context.chat.name} account has no confirmed e-mail address.`,
        `They have to confirm it in ${context.chat.name} first.`,
      );
    case 'inactiveInIdp':
      return refuse(reason, `${name}’s account in the identity provider is not active.`, askIt);
    case 'ambiguousPerson':
      return refuse(
        reason,
        `Several people in the identity provider share ${name}’s address.`,
        'Ask the IT desk which of them it is.',
      );
    default:
      return refuse(
        reason,
        `The identity provider knows nobody with ${name}’s ${context.chat.name} address.`,
        'Ask the IT desk.',
      );
  }
}
