import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The options a program was started with; a mistake ends it with one line that says what there is. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(program: string, options: T) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    // What it says is for people already: "Unknown option '--bogus'".
    const known = Object.entries(options).map(([name, { type }]) =>
      type === 'string' ? `--${name}=…` : `--${name}`,
    );
    refuse(`${program}: ${(error as Error).message}\nThere are: ${known.join(', ')}`);
  }
}

/** A port given as an option. */
export function portOf(option: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) refuse(`${option}: must be a number from 0 to 65535`);
  return Number(text);
}

function refuse(line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}
