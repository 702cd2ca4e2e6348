import { type Command, InvalidArgumentError } from 'commander';
import { datesOfToken } from '../store/bearer-token.ts';
import { listMcpTokens } from '../store/mcp-tokens.ts';
import type { Db } from '../store/postgres/database.ts';
import { createMcpToken, revokeMcpToken } from './tokens.ts';

const DAYS_DEFAULT = 90;
const DAYS_MAX = 365;

/** `mcp token …`: the bearer tokens of people's copilots. */
export function mcpCommands(
  program: Command,
  withDatabase: (work: (db: Db) => Promise<void>) => Promise<void>,
): void {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const token = program
    .command('mcp')
    .description('copilots over MCP')
    .command('token')
    .description('bearer tokens of people’s copilots; each acts for one person, and can file but not decide');
  token
    .command('create')
    .description('make a token for a person and print it, once')
    .argument('<person>', 'e-mail of somebody who has used /access before')
    .option('--name <name>', 'what you call it', 'copilot')
    .option('--days <days>', 'how long it is valid', days, DAYS_DEFAULT)
    .action(async (email: string, given: { name: string; days: number }) => {
      await withDatabase(async (db) => {
        const made = await createMcpToken(db, { email, ...given });
        if (made === null) {
          say(`Latchkey knows no one active person as ${email}: they have to use /access in Slack once`);
          process.exitCode = 1;
        } else say(made.token);
      });
    });
  token
    .command('list')
    .description('every token there was, newest first')
    .action(async () => {
      await withDatabase(async (db) => {
        for (const t of await listMcpTokens(db)) say(`${t.id}  ${t.email}, ${t.name}: ${datesOfToken(t)}`);
      });
    });
  token
    .command('revoke')
    .description('end a token at once')
    .argument('<id>')
    .action(async (id: string) => {
      await withDatabase(async (db) => {
        const isGone = await revokeMcpToken(db, id);
        say(isGone ? `${id} is revoked` : `no token in use has the id ${id}`);
        process.exitCode = isGone ? 0 : 1;
      });
    });
}

function days(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > DAYS_MAX)
    throw new InvalidArgumentError(`a number of days from 1 to ${DAYS_MAX}.`);
  return Number(text);
}
