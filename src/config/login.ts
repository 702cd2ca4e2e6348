import { z } from 'zod';
import { type GivenSecret, madeOf } from '../secrets/secret.ts';
import type { SecretBook } from '../secrets/secret-book.ts';
import type { Environment } from './environment.ts';

/** As AWS stores the login of a database, with more beside it. */
const loginSchema = z.looseObject({ username: z.string().min(1).optional(), password: z.string().min(1) });

/** User and password in one JSON object; null: it is none of both, and so a password. */
export function loginIn(text: string): { username?: string | undefined; password: string } | null {
  try {
    return loginSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/**
 * An address, with the password that stands in a setting of its own in the place of its own one. That setting may be
 * user and password together: a rotation between two users changes both at once.
 */
export function addressIn(
  e: Environment,
  book: Pick<SecretBook, 'secret'>,
  of: 'DATABASE' | 'REDIS',
): GivenSecret | null {
  const address = e[`${of}_URL`];
  const password = e[`${of}_PASSWORD`];
  if (address === undefined) return null;
  if (password === undefined) return book.secret(`${of}_URL`) ?? address;
  const secret = book.secret(`${of}_PASSWORD`);
  const within = (value: string) => withLogin(address, value);
  return secret === null ? within(password) : madeOf(secret, within);
}

/** By hand: an address of Redis may name several hosts, which no URL of the web does. */
function withLogin(address: string, given: string): string {
  const [, scheme = '', login = '', rest = ''] = /^([^:]+:\/\/)(?:([^@/?#]*)@)?(.*)$/s.exec(address) ?? [];
  const { username, password } = loginIn(given) ?? { password: given };
  const user = username === undefined ? (login.split(':')[0] ?? '') : encodeURIComponent(username);
  return `${scheme}${user}:${encodeURIComponent(password)}@${rest}`;
}
