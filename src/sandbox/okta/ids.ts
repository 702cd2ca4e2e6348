import { randomBytes } from 'node:crypto';

const ID_LENGTH = 20;

/** A fresh id in Okta's form: a three-character prefix that tells the kind (`00u` user, `00g` group). */
export function newId(prefix: string): string {
  const tail = randomBytes(24)
    .toString('base64url')
    .replace(/[^A-Za-z0-9]/g, '0');
  return `${prefix}${tail}`.slice(0, ID_LENGTH);
}
