import { ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { queueFault, replyCode } from '../../src/queue/queue-fault.ts';

const reply = (text: string) => new (ReplyError as unknown as new (text: string) => Error)(text);

// As servers answer, from public reports.
test.each([
  [
    "READONLY You can't write against a read only replica. script: 9d1f, on @user_script:217.",
    'READONLY',
    /read-only/,
  ],
  [
    "ERR Error running script (call to f_401d7f): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
    'READONLY',
    /read-only/,
  ],
  ['LOADING Redis is loading the dataset in memory', 'LOADING', /loading/],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM', /no memory/],
  [
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to',
    'MISCONF',
    /save its data/,
  ],
  ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS', /too few replicas/],
  [
    'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    'UNBLOCKED',
    /replica/,
  ],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'CROSSSLOT', /redis\+cluster:/],
  ['MOVED 3999 127.0.0.1:6381', 'MOVED', /redis\+cluster:/],
  ['CLUSTERDOWN Hash slot not served', 'CLUSTERDOWN', /down/],
  ['NOSCRIPT No matching script. Please use EVAL.', 'NOSCRIPT', /scripts/],
  ['BUSY Redis is busy running a script.', 'BUSY', /busy/],
  ['NOAUTH Authentication required.', 'NOAUTH', /password/],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'WRONGPASS', /password/],
  ["ERR 'EVALSHA' command keys must in same slot", 'ERR', /does not take it \(ERR\)/],
])('%s', (text, code, words) => {
  expect(replyCode(reply(text))).toBe(code);
  expect(queueFault(reply(text))).toMatchObject({
    retryable: true,
    vendorCode: code,
    message: expect.stringMatching(words),
  });
});

test('what is no answer of Redis has no such code, whatever its words', () => {
  expect(replyCode(new Error('READONLY at heart'))).toBeNull();
  expect(queueFault(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })).message).toBe(
    'can’t be connected to',
  );
  expect(queueFault('odd')).toMatchObject({ code: 'queue.unavailable', message: 'does not take it: odd' });
});
