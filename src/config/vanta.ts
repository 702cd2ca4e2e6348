import type { GivenSecret } from '../secrets/secret.ts';
import type { VantaSettings } from '../vanta/vanta.ts';
import type { Environment } from './environment.ts';

type VantaGiven = Pick<Environment, Extract<keyof Environment, `VANTA_${string}`>>;

const VANTA_URL = 'https://api.vanta.com';
/** “Access request ticket and history” in Vanta's own list. */
const DOCUMENTS = [{ id: 'access-requests', files: null }];

/** Null: evidence is uploaded nowhere. */
export function vantaIn(e: VantaGiven, secret: GivenSecret | null): VantaSettings | null {
  const clientSecret = secret ?? e.VANTA_CLIENT_SECRET;
  if (e.VANTA_CLIENT_ID === undefined || clientSecret === undefined) return null;
  return {
    url: e.VANTA_URL ?? VANTA_URL,
    clientId: e.VANTA_CLIENT_ID,
    clientSecret,
    documents: e.VANTA_DOCUMENTS ?? DOCUMENTS,
  };
}

/** What is right by itself but not together. */
export function vantaProblems(given: Readonly<Record<string, string | undefined>>): string[] {
  const both = ['VANTA_CLIENT_ID', 'VANTA_CLIENT_SECRET'];
  const names = [...both, 'VANTA_URL', 'VANTA_DOCUMENTS'].filter((name) => given[name] !== undefined);
  if (names.length === 0) return [];
  return both.flatMap((name) =>
    given[name] === undefined
      ? [`${name} is not set, but ${names[0]} is: both are in Vanta, Settings, Developer Console`]
      : [],
  );
}
