import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What a program of ours says of itself. */
export type Program<Names extends string> = {
  /** As people type it. */
  name: string;
  does: string;
  /** What each option is for. */
  options: Record<Names, string>;
  /** The parts that can be named behind the options, each with what it is; left out: none. */
  parts?: Record<string, string>;
};

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * The options that a program was started with, and the parts that were named. A mistake ends it with 1 and one line
 * that says what there is; `--help` and `--version` end it with 0.
 */
export function readOptions<T extends Options>(program: Program<keyof T & string>, options: T) {
  const parts = Object.keys(program.parts ?? {});
  const { values, positionals } = parsed(program, options, parts.length > 0);
  const asked = values as { help?: boolean; version?: boolean };
  if (asked.help === true) finish(help(program, options));
  if (asked.version === true) finish(`${versionInWords()}\n`);
  const unknown = positionals.filter((name) => !parts.includes(name));
  if (unknown.length > 0)
    refuse(`${program.name}: there is no ${unknown.join(', ')}\nThere are: ${parts.join(', ')}`);
  return { ...values, parts: positionals as string[] };
}

function parsed<T extends Options>(
  program: Program<keyof T & string>,
  options: T,
  allowPositionals: boolean,
) {
  try {
    return parseArgs({
      options: {
        ...options,
        help: { type: 'boolean', short: 'h' } as const,
        version: { type: 'boolean' } as const,
      },
      allowPositionals,
    });
  } catch (error) {
    // What it says is for people already: "Unknown option '--bogus'".
    const known = Object.entries(options).map(([name, { type }]) =>
      type === 'string' ? `--${name}=…` : `--${name}`,
    );
    refuse(`${program.name}: ${(error as Error).message}\nThere are: ${known.join(', ')}`);
  }
}

function help<T extends Options>(
  { name, does, options: says, parts }: Program<keyof T & string>,
  options: T,
) {
  const rows = Object.entries(options).map(([option, { type, default: usual }]) => [
    type === 'string' ? `--${option}=…` : `--${option}`,
    `${says[option as keyof T & string]}${typeof usual === 'string' && usual !== '' ? ` (${usual})` : ''}`,
  ]);
  const common = [
    ['-h, --help', 'this'],
    ['--version', 'which version this is'],
  ];
  // npm keeps the options of its own to itself: ours come behind two dashes.
  const usage = `Usage: ${name} -- [options]${parts === undefined ? '' : ` [${Object.keys(parts).join(' | ')}]`}`;
  return [
    usage,
    '',
    does,
    '',
    ...table([...rows, ...common]),
    ...(parts === undefined ? [] : ['', ...table(Object.entries(parts))]),
    '',
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return rows.map(([name = '', says = '']) => `  ${name.padEnd(width)}  ${says}`);
}

/** `latchkey 0.1.0 on Node.js v24.21.0`. */
export function versionInWords(): string {
  return `latchkey ${ownVersion()} on Node.js ${process.version}`;
}

export function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A port given as an option. */
export function portOf(option: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) refuse(`${option}: must be a number from 0 to 65535`);
  return Number(text);
}

/** What somebody typed can't be used: one line, and 1. */
export function refuse(line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

function finish(text: string): never {
  process.stdout.write(text);
  process.exit(0);
}
