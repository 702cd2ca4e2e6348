import type { PersonId } from '../ids.ts';
import { sameEmail } from '../policy/catalogue.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type DigestLine, type LineVerb, verbsOf } from './digest.ts';

/** Everything that an answer rests on, looked up at the click. */
export type AnswerFacts = {
  clicker: { id: PersonId; name: string; email: string; login: string };
  /** As the catalogue has it now; null: it left the catalogue. */
  owner: string | null;
  admins: readonly string[];
  /**
   * Login or e-mail of the holder's manager, as the IdP has it now; null: none, or the IdP no longer knows the holder.
   */
  manager: string | null;
};

/**
 * Whether this click counts. The people who may decide about an access are its owner, its holder's manager and the
 * admins, all as of now. Nobody says it of their own. `repeat`: the very same click was counted before.
 */
export function settleLine(
  line: DigestLine,
  click: { id: string; verb: LineVerb },
  { clicker, owner, admins, manager }: AnswerFacts,
): 'counts' | 'repeat' | Refusal {
  if (line.answer?.clickId === click.id) return 'repeat';
  if (clicker.id === line.personId)
    return refuse(
      'selfApproval',
      'This access is your own, so you can’t say what becomes of it here.',
      'If you don’t need it any more, end it with /access mine.',
    );
  const isManager =
    manager !== null && [clicker.login, clicker.email].some((name) => sameEmail(name, manager));
  const isOwner = owner !== null && sameEmail(owner, clicker.email);
  const isAdmin = admins.some((admin) => sameEmail(admin, clicker.email));
  if (!isManager && !isOwner && !isAdmin)
    return refuse(
      'notAnApprover',
      `You neither own this access nor manage ${line.personName} any more.`,
      'Whoever does finds it in their own digest.',
    );
  if (line.answer !== null && !verbsOf(line).includes(click.verb))
    return refuse(
      'alreadySettled',
      `${line.answer.byName} has answered this already.`,
      'Nothing more to do; the message shows what was said.',
    );
  return 'counts';
}
