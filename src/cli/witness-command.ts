import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { pino } from 'pino';
import { readSigner, readVerifier, type Verifier } from '../audit/note.ts';
import { createServer } from '../web/server.ts';
import { witnessRoutes } from '../web/witness-routes.ts';

export type WitnessTools = {
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
  /** Called when the program is told to end. */
  begun(what: string, end: () => Promise<unknown>): void;
};

type Given = { log: string[]; key: string; seen: string; port: string; host: string };

/** `latchkey witness`: run by the auditor or the security team on a machine of their own; needs no database. */
export function witnessCommand(program: Command, { say, fail, begun }: WitnessTools): void {
  program
    .command('witness')
    .description(
      'sign the checkpoints of another Latchkey’s audit that only grows, and refuse every other; for the auditor, on another machine',
    )
    .requiredOption('--log <vkey...>', 'verifier keys of the logs that are watched')
    .requiredOption('--key <file>', 'file with the key that it signs with (audit key --witness makes one)')
    .option('--seen <file>', 'file in which it keeps what it has seen', 'witness-seen.json')
    .option('--port <port>', 'where it listens', '8090')
    .option('--host <address>', 'the address that it listens on', '127.0.0.1')
    .action(async (given: Given) => {
      const logs = given.log.map(readVerifier);
      const signer = readSigner(readFileSync(given.key, 'utf8'));
      if (signer === null || signer.verifier.type !== 4 || logs.includes(null)) {
        say(
          signer?.verifier.type === 4
            ? 'One of --log is no verifier key: each has the form name+id+key'
            : `${given.key} has no key of a witness: make one with audit key --witness`,
        );
        return fail();
      }
      const app = createServer({ log: pino({ level: 'warn' }, process.stderr) });
      witnessRoutes(app, { logs: logs as Verifier[], signer, file: given.seen });
      begun('the witness', () => app.close());
      const url = await app.listen({ host: given.host, port: Number(given.port) });
      say(
        `The witness ${signer.verifier.name} listens on ${url}; its verifier key is ${signer.verifier.vkey}`,
      );
    });
}
