import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';
import { fillQuarter } from './evidence-crowd.ts';
import { absolute, type Figure } from './figure.ts';
import { runToEnd } from './program.ts';

const CHANGES = 100_000;
const FEW = 10_000;
const WITHIN_S = 60;
/** Peak memory with ten times the changes: within this share or this many MB of the small run. */
const FLAT_SHARE = 1.2;
const FLAT_MB = 50;

type Count = { counted: number | null; written: number };
type Measured = {
  ms: number;
  peakMb: number;
  grants: Count;
  removals: Count;
  events: Count;
  teamEvents: Count;
  around: Count;
  violations: Count;
  holders: Count;
  bytes: number;
};

/** The pack of evidence of a quarter of 100,000 changes, in a process of its own. */
export async function evidence(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const home = throwAwayFolder('bench');
  const postgres = await startEmbeddedPostgres(join(home, 'postgres'), { throwAway: home });
  const measure = async (changes: number): Promise<Measured & { changes: number }> => {
    const url = new URL(postgres.url);
    url.pathname = `/evidence_${changes}`;
    const server = await openDatabase(postgres.url);
    await server.db.executeQuery({
      sql: `create database evidence_${changes}`,
      parameters: [],
      query: { kind: 'RawNode' },
    } as never);
    await server.close();
    say(`a quarter of ${changes.toLocaleString('en')} changes…`);
    const written = await fillQuarter(url.href, changes);
    say('its pack is made…');
    return {
      ...(JSON.parse(await runToEnd('./evidence-process.ts', url.href)) as Measured),
      changes: written,
    };
  };
  try {
    const few = await measure(FEW);
    return figures(few, isSmall ? few : await measure(CHANGES));
  } finally {
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
}

function figures(few: Measured, all: Measured & { changes: number }): Figure[] {
  const figure = absolute('evidence');
  const seconds = all.ms / 1_000;
  const isFlat = all.peakMb <= few.peakMb * FLAT_SHARE || all.peakMb <= few.peakMb + FLAT_MB;
  const inLists = all.grants.written + all.removals.written;
  const isWhole = [all.grants, all.removals, all.events, all.teamEvents].every(
    ({ counted, written }) => counted === written,
  );
  return [
    figure('changes', inLists, `${all.changes}, and as many counted`, inLists === all.changes && isWhole),
    figure(
      'membership changes matched',
      all.events.written + all.teamEvents.written,
      'all of them, of the identity provider and of Anypoint',
      all.around.written === 0 && all.teamEvents.written === all.events.written,
    ),
    figure('violations', all.violations.written, 'none', all.violations.written === 0),
    figure('held at its end', all.holders.written, '', all.holders.written > 0),
    figure('written, MB', all.bytes / 1_048_576, '', true),
    figure('made, s', seconds, `under ${WITHIN_S}`, seconds < WITHIN_S),
    figure('peak memory, MB', all.peakMb, `flat: ${Math.round(few.peakMb)} with a tenth`, isFlat),
  ];
}
