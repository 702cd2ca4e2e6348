import type { Checked } from '../core/checked.ts';
import { Fault } from '../core/fault.ts';
import { vantaAdvice } from './advice.ts';
import { createVanta, type VantaSettings } from './vanta.ts';

/** Whether evidence can be uploaded: the application's rights, and each document. Null: nothing is set, nothing is said. */
export async function checkVanta(settings: VantaSettings | null): Promise<Checked[]> {
  if (settings === null) return [];
  const store = createVanta(settings);
  const found: Checked[] = [];
  for (const { id } of settings.documents) {
    const name = `Vanta ${id}`;
    try {
      found.push({ name, trouble: null, detail: `ok; it is called “${await store.titleOf(id)}”` });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      found.push({ name, trouble: `${store.called}: ${error.message}: ${vantaAdvice(error, id)}` });
      // What is wrong with the application is wrong with every document.
      if (error.code !== 'vanta.not_found') break;
    }
  }
  return found;
}
