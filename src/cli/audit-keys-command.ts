import type { Command } from 'commander';
import { signingTimes } from '../audit/key-history.ts';
import { utc } from '../core/evidence/words.ts';
import { keyChanges } from '../store/audit-keys.ts';
import type { AuditTools } from './audit-command.ts';

/** `latchkey audit keys`: what somebody is told who has a verifier key of before. */
export function keysCommand(audit: Command, { withDatabase, say, fail }: AuditTools): void {
  audit
    .command('keys')
    .description('which keys have signed the audit, and from when to when: to give to whoever checks')
    .action(async () => {
      await withDatabase(async (db) => {
        const times = signingTimes(await keyChanges(db));
        for (const { vkey, from, to } of times)
          say(`${utc(from)} to ${to === null ? 'now' : utc(to)}  ${vkey}`);
        if (times.length > 0) return;
        say(
          'The audit that is at hand does not say: a running Latchkey with AUDIT_SIGNING_KEY notes it within seconds.',
        );
        fail();
      });
    });
}
