import type { Logger } from 'pino';
import { Fault } from '../core/fault.ts';
import { type GivenSecret, secretOf } from '../secrets/secret.ts';
import { queueFault } from './queue-fault.ts';
import { askRedis } from './redis.ts';
import { type BadAddress, type RedisAddress, readRedisAddress } from './redis-address.ts';

/** The trouble with a Redis as a queue, in words with the way out. */
export type RedisFinding = {
  why: string;
  /** No waiting mends it: Latchkey does not start with it. */
  isWrongSetting: boolean;
};

/** BullMQ's own least version. */
const LEAST = { major: 5, text: '5.0' };

/**
 * The address. Throws `config.invalid` for a Redis that no waiting makes fit; one that is away now keeps nothing from
 * starting.
 */
export async function fitRedis(url: GivenSecret, ca: string | null, log: Logger): Promise<RedisAddress> {
  const address = readRedisPlace(url, ca);
  const findings =
    'why' in address
      ? [{ why: `REDIS_URL: ${address.why}`, isWrongSetting: true }]
      : await checkRedis(address);
  const wrong = findings.filter((finding) => finding.isWrongSetting);
  if (wrong.length > 0)
    throw new Fault('config.invalid', wrong.map(({ why }) => why).join('; '), { retryable: false });
  for (const { why } of findings) log.warn(why);
  return address as RedisAddress;
}

/** The address with its secret, where it has one that may change. */
export function readRedisPlace(url: GivenSecret, ca: string | null): RedisAddress | BadAddress {
  const secret = secretOf(url);
  const address = readRedisAddress(secret.current(), ca);
  return 'why' in address || typeof url === 'string' ? address : { ...address, secret };
}

/** Asks Redis what it is. One that does not answer is a finding too. Throws nothing. */
export async function checkRedis(address: RedisAddress): Promise<RedisFinding[]> {
  const client = askRedis(address);
  let trouble: Error | null = null;
  client.on('error', (error: Error) => {
    trouble = error;
  });
  try {
    await client.connect();
    return findings(address, readInfo(await client.info()));
  } catch (cause) {
    return [
      {
        why: `Redis ${queueFault(trouble ?? cause).message}; until it does, each Latchkey does what is due itself`,
        isWrongSetting: false,
      },
    ];
  } finally {
    client.disconnect();
  }
}

function findings({ kind }: RedisAddress, info: ReadonlyMap<string, string>): RedisFinding[] {
  const found: RedisFinding[] = [];
  const wrong = (why: string) => found.push({ why, isWrongSetting: true });
  const remark = (why: string) => found.push({ why, isWrongSetting: false });
  const isCluster = info.get('cluster_enabled') === '1';
  if (info.get('redis_mode') === 'sentinel')
    wrong(
      'REDIS_URL names a Sentinel as if it were Redis: write redis+sentinel://host:26379/name-of-the-master',
    );
  else if (isCluster && kind !== 'cluster')
    wrong(
      'REDIS_URL names a single server, but it is part of a Cluster: write redis+cluster://host:6379,host:6379',
    );
  else if (!isCluster && kind === 'cluster')
    wrong('REDIS_URL names a Cluster, but the server is none: write redis://host:6379');
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? '';
  if (Number.parseInt(version, 10) < LEAST.major)
    wrong(`Redis is version ${version}, and the queue needs ${LEAST.text} or newer`);
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    remark(
      `Redis may throw away work when its memory is full (maxmemory-policy is ${policy}): set it to noeviction. What is thrown away is done after seconds all the same`,
    );
  if (info.get('role') === 'slave')
    remark(
      'REDIS_URL names a replica, which takes no work: name the master. Until then each Latchkey does what is due itself',
    );
  return found;
}

/** Redis's answer to INFO: a line a figure. */
function readInfo(text: string): Map<string, string> {
  return new Map(
    text
      .split(/\r?\n/)
      .map((line) => line.split(':', 2))
      .filter((pair): pair is [string, string] => pair.length === 2),
  );
}
