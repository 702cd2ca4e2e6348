import { type Command, InvalidArgumentError } from 'commander';
import { nearest } from '../core/nearest.ts';
import type { Catalogue } from '../core/policy/catalogue.ts';
import { createApiToken, revokeApiToken } from '../flow/page/api-tokens.ts';
import { datesOfToken } from '../store/bearer-token.ts';
import { listApiTokens } from '../store/page/api-tokens.ts';
import type { Db } from '../store/postgres/database.ts';
import { apiScopes } from '../web/page/menu.ts';

const DAYS_DEFAULT = 90;
const DAYS_MAX = 365;
const NAME_MAX = 80;

type TokenTools = {
  withDatabase(work: (db: Db) => Promise<void>): Promise<void>;
  /** The policy as it is written now. */
  catalogue(): Promise<Catalogue>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

type Given = { for: string; by: string; name: string; scopes: string[]; service?: boolean; days: number };

/** `latchkey token …`: tokens for `/api`, each of somebody. */
export function tokenCommands(program: Command, { withDatabase, catalogue, say, fail }: TokenTools): void {
  const token = program
    .command('token')
    .description(
      'tokens for /api, each of somebody: it only reads, and shows no more than they may see on the web page',
    );
  token
    .command('create')
    .description('make a token and print it, once')
    .requiredOption('--for <email>', 'whose it is, or who answers for the service')
    .requiredOption('--by <email>', 'the admin who has it made')
    .requiredOption('--name <name>', 'what you call it', named)
    .requiredOption(
      '--scopes <lists>',
      `what it may ask for: ${apiScopes.map(({ scope }) => scope).join(', ')}`,
      scopesOf,
    )
    .option('--service', 'it is for a program, which the audit then names')
    .option('--days <days>', `how long it is valid, ${DAYS_MAX} at most`, daysOf, DAYS_DEFAULT)
    .action(async ({ for: email, by, name, scopes, service, days }: Given) => {
      const book = await catalogue();
      const forAll = apiScopes.flatMap(({ scope, rule }) => (rule === 'everything' ? [scope] : []));
      await withDatabase(async (db) => {
        const wanted = { email, by, name, isService: service === true, scopes, days };
        const made = await createApiToken(db, wanted, { catalogue: book, forAll });
        if ('token' in made) return say(made.token);
        say(made.why);
        fail();
      });
    });
  token
    .command('list')
    .description('every token there was, newest first')
    .action(async () => {
      await withDatabase(async (db) => {
        for (const one of await listApiTokens(db))
          say(
            `${one.id}  ${one.name} of ${one.email}${one.is_service ? ' (service)' : ''}, for ${one.scopes.join(', ')}: ${datesOfToken(one)}`,
          );
      });
    });
  token
    .command('revoke')
    .description('end a token at once')
    .argument('<id>')
    .action(async (id: string) => {
      await withDatabase(async (db) => {
        const isGone = await revokeApiToken(db, id);
        say(isGone ? `${id} is revoked` : `no token in use has the id ${id}: see latchkey token list`);
        if (!isGone) fail();
      });
    });
}

function scopesOf(text: string): string[] {
  const known = apiScopes.map(({ scope }) => scope);
  const asked = [...new Set(text.split(',').map((one) => one.trim()))];
  for (const one of asked) {
    if (known.includes(one)) continue;
    const meant = nearest(one, known);
    throw new InvalidArgumentError(
      `there is no list ${one || '“”'}${meant === null ? '' : `; did you mean ${meant}?`}`,
    );
  }
  return asked;
}

function named(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > NAME_MAX || /\p{C}/u.test(name))
    throw new InvalidArgumentError(`a name in one line, of ${NAME_MAX} letters at most.`);
  return name;
}

function daysOf(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > DAYS_MAX)
    throw new InvalidArgumentError(`a number of days from 1 to ${DAYS_MAX}.`);
  return Number(text);
}
