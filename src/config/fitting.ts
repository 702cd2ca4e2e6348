import { readRedisAddress } from '../queue/redis-address.ts';
import type { Environment } from './environment.ts';
import { siemProblems } from './siem.ts';
import { vantaProblems } from './vanta.ts';

type Given = Readonly<Record<string, string | undefined>>;

/** What is right by itself but not together. */
export function noLongerFitting(e: Environment, given: Given): string[] {
  const { REDIS_URL: redis, REDIS_CA: ca } = e;
  const alone = (['DATABASE', 'REDIS'] as const).flatMap((name) =>
    e[`${name}_PASSWORD`] !== undefined && given[`${name}_URL`] === undefined
      ? [`${name}_URL is not set, but ${name}_PASSWORD is`]
      : [],
  );
  return [
    ...alone,
    ...caProblems(redis, ca, given),
    ...stampProblems(given),
    ...siemProblems(given),
    ...vantaProblems(given),
  ];
}

/** A stamp is kept beside the file, and is worth as much as whoever it is trusted by. */
function stampProblems(given: Given): string[] {
  if (given.AUDIT_ANCHOR_TSA === undefined) return [];
  return ['AUDIT_ANCHOR_TSA_CA', 'AUDIT_ANCHOR_FILE'].flatMap((name) =>
    given[name] === undefined ? [`${name} is not set, but AUDIT_ANCHOR_TSA is`] : [],
  );
}

function caProblems(redis: string | undefined, ca: string | undefined, given: Given): string[] {
  if (ca === undefined || (given.REDIS_URL !== undefined && redis === undefined)) return [];
  if (redis === undefined) return ['REDIS_URL is not set, but REDIS_CA is'];
  const address = readRedisAddress(redis, ca);
  return 'why' in address ? [`REDIS_URL: ${address.why}`] : [];
}
