import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { isStorable } from '../core/storable.ts';
import { commit } from '../flow/kernel/commit.ts';
import { peopleByEmail } from '../store/people.ts';
import { policiesNamed } from '../store/policies.ts';
import type { Db } from '../store/postgres/database.ts';
import type { ReviewTools } from './review-named.ts';
import { day } from './review-options.ts';

type Given = { by: string; on: Date; where: string; recordedBy?: string };
type Tools = Pick<ReviewTools, 'withDatabase' | 'say' | 'fail'>;

/**
 * `latchkey policy agreed`: that somebody agreed to a policy, for auditors. The policy's files say what holds and not who
 * agreed to it; that happens elsewhere, and is recorded here with the place where it can be seen.
 */
export function policyAgreedCommand(policy: Command, { withDatabase, say, fail }: Tools): void {
  policy
    .command('agreed')
    .description(
      'record who agreed to a policy that is or was in force, and where that can be seen; it stands in the audit and in every pack of evidence',
    )
    .argument('<fingerprint>', 'of the policy, or the beginning of it, as decisions and packs name it')
    .requiredOption('--by <email>', 'the person who agreed')
    .requiredOption('--on <day>', 'when they did, in UTC', day)
    .requiredOption('--where <reference>', 'where it can be seen: minutes, a pull request, a signed document')
    .option('--recorded-by <name>', 'who records it; without, the user of this machine')
    .action(async (fingerprint: string, given: Given) => {
      await withDatabase(async (db) => {
        const mistake = await record(db, fingerprint, given);
        say(mistake ?? 'recorded: it is in the audit, and in every pack of evidence from now on');
        if (mistake !== null) fail();
      });
    });
}

/** Null: it is recorded; else why it is not, and nothing has changed. */
async function record(db: Db, fingerprint: string, given: Given): Promise<string | null> {
  const found = fingerprint === '' ? [] : await policiesNamed(db, fingerprint);
  const [one, second] = found;
  if (one === undefined)
    return `no policy that was ever in force has a fingerprint that begins with ${fingerprint}`;
  if (second !== undefined) return `several policies have a fingerprint that begins with ${fingerprint}`;
  const [person, another] = await peopleByEmail(db, given.by);
  if (person === undefined) return `nobody is known as ${given.by}`;
  if (another !== undefined) return `several people are known as ${given.by}`;
  const where = given.where.trim();
  if (where === '' || !isStorable(where)) return 'say with --where at which place it can be seen';
  return await commit(db, async ({ now }) => {
    if (given.on > now) return { result: `${given.on.toISOString().slice(0, 10)} is not there yet` };
    return {
      result: null,
      notes: [
        {
          type: 'policyAgreed',
          at: now,
          actor: { part: `operator ${given.recordedBy ?? userInfo().username}` },
          changeId: null,
          data: {
            fingerprint: one,
            personId: person.id,
            name: person.name,
            on: given.on.toISOString().slice(0, 10),
            where,
          },
        },
      ],
    };
  });
}
