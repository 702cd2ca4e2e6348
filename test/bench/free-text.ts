import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '../../src/sandbox/seed.ts';
import { CROWD, crowdPerson } from './crowd.ts';
import { type Figure, percentile } from './figure.ts';
import { type Scene, setScene } from './scene.ts';

/** Slack lets a trigger live so long, and nobody looks at an empty form for longer. */
const MOST_MS = 3_000;
/** Commands of each kind, one after the other, each by somebody else. */
const COMMANDS = 100;
/** With a model that fails the first ones wait for it; then it is left alone for half a minute, and tried again. */
const FAILING_COMMANDS = 40;
const SLOW_MODEL_MS = 15_000;
const PATIENCE_MS = 20_000;
const POLL_MS = 5;
/** Latchkey leaves a failing model alone for 30 s. */
const MODEL_BACK_WITHIN_MS = 60_000;

type View = { callback_id: string; blocks: { block_id?: string; element?: Record<string, unknown> }[] };
type Trip = { ms: number; form: 'filled in' | 'plain' };

/**
 * The time from the command in Slack to the form's content at Slack. The model answers, is slow (beyond what free text
 * waits for), or is down. Beside it a bare Bolt listener makes the same outside calls, with the answering model and
 * without. Each command says something new, so that nothing is answered from memory.
 */
export async function freeText(say: (line: string) => void): Promise<Figure[]> {
  const scene = await setScene();
  let nth = 0;
  async function freeText(): Promise<Trip> {
    const n = nth++;
    return await trip(
      scene,
      crowdPerson(n % CROWD).key,
      `I need to read orders API logs in prod until Friday for INC-${4711 + n}`,
    );
  }
  async function freeTexts(count: number): Promise<Trip[]> {
    const trips: Trip[] = [];
    for (let n = 0; n < count; n += 1) trips.push(await freeText());
    return trips;
  }
  const model = (mode: string, ms?: number) =>
    scene.world('POST', '/model/sim/mode', { mode, ...(ms === undefined ? {} : { ms }) });

  try {
    say('the model answers…');
    await freeTexts(5);
    const on = await freeTexts(COMMANDS);
    say('the model is slow…');
    await model('slow', SLOW_MODEL_MS);
    const slow = await freeTexts(FAILING_COMMANDS);
    say('until Latchkey asks the model again…');
    await model('scripted');
    for (
      const end = Date.now() + MODEL_BACK_WITHIN_MS;
      (await freeText()).form === 'plain';
      await sleep(1_000)
    )
      if (Date.now() > end) throw new Error('the model is not asked again');
    say('the model is down…');
    await model('down');
    const down = await freeTexts(FAILING_COMMANDS);
    await model('scripted');

    say('the bare listener…');
    // What listens from here on takes commands alone.
    await scene.world('POST', '/okta/sim/push', { paused: true });
    const bare = async (kind: 'model' | 'none') => {
      const url = await scene.run('./bare-free-text.ts', scene.worldUrl, kind);
      await scene.world('PUT', '/control/latchkey', { url, scimToken: credentials.scimToken });
      await freeTexts(5);
      return (await freeTexts(COMMANDS)).map((t) => t.ms);
    };
    const withModel = { name: 'bare listener, same calls', ms: await bare('model') };
    const without = { name: 'bare listener, no model', ms: await bare('none') };
    return [
      ...figuresOf('model on', on, withModel),
      filledIn('model on', on, 'filled in'),
      ...figuresOf('model slow', slow, without),
      filledIn('model slow', slow, 'plain'),
      ...figuresOf('model down', down, without),
      filledIn('model down', down, 'plain'),
    ];
  } finally {
    await scene.close();
  }
}

async function trip(scene: Scene, as: string, text: string): Promise<Trip> {
  await scene.world('DELETE', '/control/requests');
  const sentAt = Date.now();
  const { acked } = await scene.world<{ acked: boolean }>('POST', '/slack/sim/command', {
    as,
    command: '/access',
    text,
  });
  if (!acked) throw new Error('a command was not acknowledged in time');
  for (;;) {
    const [seen] = await scene.world<{ at: number; status: number | null }[]>(
      'GET',
      '/control/requests?vendor=slack&path=views.update$',
    );
    if (seen !== undefined && seen.status !== null) {
      if (seen.status !== 200) throw new Error(`Slack answered the form with ${seen.status}`);
      return { ms: seen.at - sentAt, form: await formOf(scene, as) };
    }
    if (Date.now() - sentAt > PATIENCE_MS) throw new Error('no form came');
    await sleep(POLL_MS);
  }
}

async function formOf(scene: Scene, as: string): Promise<Trip['form']> {
  const { views } = await scene.world<{ views: View[] }>('GET', `/slack/sim/workspace?as=${as}&limit=1`);
  const view = views.at(-1);
  if (view?.callback_id !== 'request') throw new Error(`${as} has no form open: ${view?.callback_id}`);
  const chosen = view.blocks.find((b) => b.block_id === 'entitlement')?.element?.initial_option;
  return chosen === undefined ? 'plain' : 'filled in';
}

function figuresOf(what: string, trips: readonly Trip[], bare: { name: string; ms: number[] }): Figure[] {
  const ms = trips.map((t) => t.ms);
  return [0.5, 0.99].map((share): Figure => {
    const value = percentile(ms, share);
    const baselineValue = percentile(bare.ms, share);
    return {
      bench: 'free-text',
      metric: `${what}: command to form p${share * 100} (ms)`,
      value,
      baseline: bare.name,
      baselineValue,
      ratio: value / baselineValue,
      target: `< ${MOST_MS}`,
      holds: value < MOST_MS,
    };
  });
}

/** A form that is filled in although nobody read the words would be a guess; one that is not, a miss. */
function filledIn(what: string, trips: readonly Trip[], wanted: Trip['form']): Figure {
  const value = (100 * trips.filter((t) => t.form === wanted).length) / trips.length;
  return {
    bench: 'free-text',
    metric: `${what}: forms ${wanted === 'plain' ? 'left to the person' : 'filled in'} (%)`,
    value,
    baseline: null,
    baselineValue: null,
    ratio: null,
    target: '100',
    holds: value === 100,
  };
}
