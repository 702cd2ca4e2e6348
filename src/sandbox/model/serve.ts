import Fastify from 'fastify';
import { onlyFromThisMachine } from '../../web/same-machine.ts';
import { FaultPlan } from '../fault-plan.ts';
import { credentials, people } from '../seed.ts';
import { createModelEmulator, SCRIPTED_MODEL } from './emulator.ts';

/** The scripted model alone, on any free port of this machine, in one mode. Throws for a mode that there is not. */
export async function serveModel(
  mode: string,
): Promise<{ apiKey: string; baseUrl: string; model: string; close(): Promise<void> }> {
  let url = '';
  const emulator = createModelEmulator({
    people,
    faults: new FaultPlan(),
    keys: { ...credentials },
    changed: () => {},
    onChange: () => () => undefined,
    latchkey: () => null,
    url: () => url,
  });
  emulator.restore({ mode: { mode } });
  const app = Fastify({ forceCloseConnections: true });
  onlyFromThisMachine(app);
  await emulator.routes(app);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    apiKey: credentials.modelApiKey,
    baseUrl: `${url}/model/v1`,
    model: SCRIPTED_MODEL,
    async close() {
      await emulator.close();
      await app.close();
    },
  };
}
