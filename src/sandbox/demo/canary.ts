import { elapsedInWords } from '../../core/duration.ts';
import { credentials } from '../seed.ts';
import type { SeenMessage, Visitor } from '../visitor.ts';
import type { Journey } from './journeys.ts';

const TEAM = 'Canary';
const READ_PATIENCE_MS = 1_000;

type Trip = { total: number | null };
type Round = {
  id: string;
  result: 'hit' | 'miss' | 'void' | null;
  stuck: { leg: string } | null;
  grant: Trip | null;
  revoke: Trip | null;
};

/** Without Slack's notation for a mark and for a time. */
function firstLine({ text }: SeenMessage): string {
  return (text.split('\n')[0] ?? '').replace(/^:\w+: /, '').replace(/<!date\^\d+\^[^|]*\|([^>]*)>/g, '$1');
}

/** `npm run demo -- canary`: a hit, Anypoint lags, the alarm that names the leg, and its end. */
export function canaryJourney(latchkeyUrl: string, objectiveMs: number): Journey {
  /** Two rounds that are late both ways, and what else takes time. */
  const patienceMs = objectiveMs * 6 + 60_000;

  async function rounds(): Promise<Round[]> {
    const answer = await fetch(`${latchkeyUrl}/api/canary`, {
      headers: { authorization: `Bearer ${credentials.readToken}` },
      signal: AbortSignal.timeout(READ_PATIENCE_MS * 10),
    });
    return ((await answer.json()) as { rounds: Round[] }).rounds;
  }

  const alarm = (visitor: Visitor, what: string, part: string): Promise<SeenMessage> =>
    visitor.receives('sam', what, (m) => m.text.includes(part), { where: 'dm', ms: patienceMs });

  return {
    name: 'the canary',
    async run(visitor, say) {
      await visitor.until('Anypoint has Kit in the team', () => visitor.isInTeam('kit', TEAM), patienceMs);
      await visitor.until(
        'Anypoint no longer has Kit in the team',
        async () => !(await visitor.isInTeam('kit', TEAM)),
        patienceMs,
      );
      const hit = await visitor.until(
        'a round is a hit',
        async () => (await rounds()).find((r) => r.result === 'hit'),
        patienceMs,
      );
      say(
        `a hit: there in ${elapsedInWords(hit.grant?.total ?? 0)}, back in ${elapsedInWords(hit.revoke?.total ?? 0)}; Anypoint itself had Kit in the team, and then no more`,
        { round: hit },
      );

      const lagMs = Math.round(objectiveMs * 1.1);
      await visitor.request('POST', '/anypoint/sim/lag', { ms: lagMs, team: TEAM });
      say(`Anypoint is told to show writes only after ${elapsedInWords(lagMs)}`);
      const miss = await visitor.until(
        'a round misses',
        async () => (await rounds()).find((r) => r.result === 'miss'),
        patienceMs,
      );
      say(`a miss, stuck at: ${miss.stuck?.leg}; one alone is no alarm`, { round: miss });
      const raised = await alarm(visitor, 'the alarm', 'Canary alarm: ');
      if (!raised.text.includes('stuck at the delivery into Anypoint'))
        throw new Error(`the alarm names another leg: ${raised.text}`);
      say(`the second in a row, and the alarm names the leg: ${firstLine(raised)}`, { text: raised.text });

      await visitor.request('POST', '/anypoint/sim/lag', { ms: 0 });
      const cleared = await alarm(visitor, 'the alarm cleared', 'Canary alarm cleared');
      if (cleared.ts !== raised.ts) throw new Error('the alarm was cleared in another message');
      say(`Anypoint is back to normal: ${firstLine(cleared)}`, { text: cleared.text });
    },
  };
}
