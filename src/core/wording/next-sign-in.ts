import type { Change } from '../change/change.ts';
import type { Names, Said } from './change-status.ts';

/** Where Anypoint gives the access at the next sign-in: nothing is late, and nothing is done before that. */
export function fromNextSignIn({
  change,
  names,
  by,
  access,
}: {
  change: Change;
  names: Names;
  by: string;
  access: string;
}): Said {
  const whose = names.isToThem ? 'your' : 'their';
  if (change.unmapped === 'now')
    return {
      mood: 'bad',
      label: 'waiting for a group mapping',
      headline: `Approved ${by}; but no sign-in to Anypoint would give it now`,
      detail: `${names.owner} and the admins have been told. ${names.isToThem ? 'You need do nothing yet' : 'Signing in again changes nothing yet'}: this message says when it is mended.${access}`,
      words: change.signInTrouble ?? null,
    };
  return {
    mood: 'waiting',
    label: 'waiting for next sign-in',
    headline: `Approved ${by}; from ${whose} next sign-in in Anypoint`,
    detail: `${names.idp} has it, and Anypoint takes it over when ${names.isToThem ? 'you sign' : `${names.beneficiary} signs`} in. ${names.isToThem ? 'Sign out there if you are signed in, then sign in again' : 'Who is signed in signs out and in again'}${names.signInAt === undefined ? '' : ` at ${names.signInAt}`}.${access}`,
    words: change.signInTrouble ?? null,
  };
}
