import type { Command } from 'commander';
import { program } from '../../src/cli/cli.ts';

/** A program for a test: the help of each of the operator's commands, by its words, as JSON. One start for all of them. */
const helps: Record<string, string> = {};
function add(command: Command, words: string[]): void {
  helps[words.join(' ')] = command.helpInformation();
  for (const below of command.commands) add(below, [...words, below.name()]);
}
add(program, []);
process.stdout.write(JSON.stringify(helps));
