import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';
import { fillCrowd, GRANTS_EACH } from './digests-crowd.ts';
import { absolute, type Figure } from './figure.ts';
import { runToEnd } from './program.ts';

const PEOPLE = 10_000;
const FEW_PEOPLE = 1_000;
const WITHIN_S = 60;
/** Peak memory with ten times the people: within this share or this many MB of the small run. */
const FLAT_SHARE = 1.2;
const FLAT_MB = 50;
/** Blocks of a message (Block Kit reference). */
const BLOCKS_MAX = 50;

type Measured = {
  makeMs: number;
  sendMs: number;
  peakMb: number;
  made: number;
  said: number;
  lines: number;
  posted: number;
  recipients: number;
  complaints: number;
  largest: number;
};

/**
 * The weekly digests of 10,000 people with 200,000 grants: computed, stored and drawn, and posted to a Slack that
 * answers at once. Slack's own pace (a message a second and conversation) is the messenger's, and not in it.
 */
export async function digests(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const home = throwAwayFolder('bench');
  const postgres = await startEmbeddedPostgres(join(home, 'postgres'), { throwAway: home });
  const measure = async (people: number): Promise<Measured> => {
    const url = new URL(postgres.url);
    url.pathname = `/digests_${people}`;
    const server = await openDatabase(postgres.url);
    await server.db.executeQuery(createDatabase(`digests_${people}`));
    await server.close();
    const migrated = await openDatabase(url.href);
    await migrated.close();
    say(`${people.toLocaleString('en')} people with ${(people * GRANTS_EACH).toLocaleString('en')} grants…`);
    await fillCrowd(url.href, people);
    return JSON.parse(await runToEnd('./digests-process.ts', url.href)) as Measured;
  };
  try {
    const few = await measure(FEW_PEOPLE);
    const all = isSmall ? few : await measure(PEOPLE);
    return figures(few, all);
  } finally {
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
}

function createDatabase(name: string) {
  return { sql: `create database ${name}`, parameters: [], query: { kind: 'RawNode' } } as never;
}

function figures(few: Measured, all: Measured): Figure[] {
  const figure = absolute('digests');
  const seconds = (all.makeMs + all.sendMs) / 1_000;
  const isFlat = all.peakMb <= few.peakMb * FLAT_SHARE || all.peakMb <= few.peakMb + FLAT_MB;
  return [
    figure('made and stored, s', all.makeMs / 1_000, '', true),
    figure('drawn and posted, s', all.sendMs / 1_000, 'to a Slack that answers at once', true),
    figure('both, s', seconds, `at most ${WITHIN_S}`, seconds <= WITHIN_S),
    figure('readers', all.said, '', all.said > 0),
    figure('lines', all.lines, '', all.lines > 0),
    figure('messages', all.posted, 'one for each digest', all.posted === all.recipients + 1),
    figure('blocks in the largest message', all.largest, `at most ${BLOCKS_MAX}`, all.largest <= BLOCKS_MAX),
    figure('broken limits of Block Kit', all.complaints, 'none', all.complaints === 0),
    figure('peak memory, MB', all.peakMb, `flat: ${Math.round(few.peakMb)} with a tenth`, isFlat),
  ];
}
