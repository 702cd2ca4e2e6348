import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignedData, TimeStampResp, TSTInfo } from 'pkijs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askStamp, createTimeStamps, whyNoStamp } from '../../src/audit/time-stamp.ts';

const dir = mkdtempSync(join(tmpdir(), 'latchkey-tsa-'));
const note = 'latchkey.example/audit\n21\nAAAA\n\n— latchkey.example/audit AAAA\n';
const text = 'latchkey.example/audit\n21\nAAAA\n';
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });

const config = `
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[tsa]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[loose]
extendedKeyUsage = critical,timeStamping,serverAuth
[web]
extendedKeyUsage = critical,serverAuth
keyUsage = critical,digitalSignature
[plain]
keyUsage = critical,digitalSignature
[req]
distinguished_name = dn
[dn]
[responder]
serial = ./serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`;

/** A certificate for time stamps by a root of its own. */
function certify(name: string, extensions: string): void {
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
    '-config',
    'openssl.cnf',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '30',
    '-out',
    `${name}.pem`,
    '-extfile',
    'openssl.cnf',
    '-extensions',
    extensions,
  );
}

function answerTo(request: Buffer, name = 'tsa'): Buffer {
  writeFileSync(join(dir, 'request.tsq'), request);
  openssl(
    'ts',
    '-reply',
    '-config',
    'openssl.cnf',
    '-section',
    'responder',
    '-queryfile',
    'request.tsq',
    '-signer',
    `${name}.pem`,
    '-inkey',
    `${name}.key`,
    '-out',
    'answer.tsr',
  );
  return readFileSync(join(dir, 'answer.tsr'));
}

/** The stamp of an answer with another time, and the signature of this certificate. */
async function signedAnew(answer: Buffer, name: string, genTime: Date): Promise<Buffer> {
  const { timeStampToken } = TimeStampResp.fromBER(answer);
  const { encapContentInfo } = new SignedData({ schema: timeStampToken?.content });
  const info = TSTInfo.fromBER(encapContentInfo.eContent?.getValue() as ArrayBuffer);
  info.genTime = genTime;
  writeFileSync(join(dir, 'info.der'), Buffer.from(info.toSchema().toBER()));
  const type = '1.2.840.113549.1.9.16.1.4';
  const from = ['-in', 'info.der', '-binary', '-nodetach', '-econtent_type', type, '-md', 'sha256'];
  const by = ['-signer', `${name}.pem`, '-inkey', `${name}.key`, '-outform', 'DER', '-out', 'token.der'];
  openssl('cms', '-sign', ...from, ...by);
  const token = readFileSync(join(dir, 'token.der'));
  const status = Buffer.from('3003020100', 'hex');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(status.length + token.length);
  return Buffer.concat([Buffer.from('3082', 'hex'), length, status, token]);
}

let server: Server;
let url: string;
let ca: string;
let answer: ((request: Buffer) => { status?: number; body: Buffer }) | null = null;
beforeAll(async () => {
  writeFileSync(join(dir, 'openssl.cnf'), config);
  writeFileSync(join(dir, 'serial'), '01');
  for (const root of ['ca', 'other'])
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${root}.key`,
      '-out',
      `${root}.pem`,
      '-days',
      '60',
      '-subj',
      `/CN=${root}`,
      '-config',
      'openssl.cnf',
      '-extensions',
      'ca',
    );
  for (const name of ['tsa', 'web', 'plain', 'loose']) certify(name, name);
  ca = readFileSync(join(dir, 'ca.pem'), 'utf8');
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const given = answer?.(body) ?? { body: answerTo(body) };
      response.writeHead(given.status ?? 200, { 'content-type': 'application/timestamp-reply' });
      response.end(given.body);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 60_000);
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

const stamps = (more: Partial<Parameters<typeof createTimeStamps>[0]> = {}) =>
  createTimeStamps({ url, ca, folder: join(dir, 'stamps'), ...more })({ size: 21, note }, new Date());

describe('a stamp of OpenSSL’s authority', () => {
  test('is kept beside what was stamped, and OpenSSL verifies it', async () => {
    answer = null;
    expect(await stamps()).toBeNull();
    expect(readdirSync(join(dir, 'stamps'))).toEqual(['000000000000021.tsr', '000000000000021.txt']);
    const path = join('stamps', '000000000000021');
    expect(
      openssl('ts', '-verify', '-data', `${path}.txt`, '-in', `${path}.tsr`, '-CAfile', 'ca.pem').toString(),
    ).toContain('Verification: OK');
    expect(openssl('ts', '-query', '-in', 'request.tsq', '-text').toString()).toMatch(
      /Certificate required: yes/,
    );
  });

  test('is none of another text, of another request, of another day, or of an authority that is not trusted', async () => {
    const asked = await askStamp(text);
    const good = answerTo(asked.request);
    const now = new Date();
    expect(await whyNoStamp(good, asked, { ca, now })).toBeNull();
    expect(await whyNoStamp(good, { ...asked, text: 'other\n' }, { ca, now })).toMatch(/can’t be verified/);
    // NuGet/Home#6587: a nonce that is written anew; sigstore/timestamp-authority#1405: none at all.
    expect(await whyNoStamp(good, { ...asked, nonce: Buffer.alloc(8, 1) }, { ca, now })).toMatch(/nonce/);
    expect(await whyNoStamp(good, asked, { ca, now: new Date(now.getTime() + 3_600_000) })).toMatch(
      /see both clocks/,
    );
    const other = readFileSync(join(dir, 'other.pem'), 'utf8');
    expect(await whyNoStamp(good, asked, { ca: other, now })).toMatch(/can’t be verified|does not fit/);
    openssl('ts', '-query', '-data', 'openssl.cnf', '-sha256', '-no_nonce', '-cert', '-out', 'none.tsq');
    const none = answerTo(readFileSync(join(dir, 'none.tsq')));
    expect(await whyNoStamp(none, asked, { ca, now })).toMatch(/nonce/);
  });

  // OpenSSL's own authority refuses such certificates, so its stamp is signed anew here.
  test.each([
    ['whose certificate is for something else', 'web', 0, /not one for time stamps alone/],
    ['whose certificate says not what it is for', 'plain', 0, /not one for time stamps alone/],
    ['whose certificate is for more than stamps', 'loose', 0, /not one for time stamps alone/],
    ['whose certificate had expired by then', 'tsa', 40, /can’t be verified|does not fit/],
    ['whose certificate was not valid yet', 'tsa', -2, /can’t be verified|does not fit/],
  ] as const)('is none %s', async (_what, name, days, words) => {
    const asked = await askStamp(text);
    const now = new Date(Date.now() + days * 86_400_000);
    const bad = await signedAnew(answerTo(asked.request), name, now);
    expect(await whyNoStamp(bad, asked, { ca, now })).toMatch(words);
    // Nothing else is wrong with it.
    const right = await signedAnew(answerTo(asked.request), 'tsa', new Date());
    expect(await whyNoStamp(right, asked, { ca, now: new Date() })).toBeNull();
  });

  test('that a byte of was changed is none', async () => {
    const asked = await askStamp(text);
    const good = answerTo(asked.request);
    const imprint = good.indexOf(hash('sha256', text, 'buffer'));
    // The imprint, the nonce, the certificate, the signature.
    for (const at of [imprint, good.indexOf(asked.nonce), good.indexOf('tsa'), good.length - 20]) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 1;
      expect([at, await whyNoStamp(bad, asked, { ca, now: new Date() })]).toEqual([at, expect.any(String)]);
    }
  });
});

test.each([
  ['refuses', () => ({ body: Buffer.from('30053003020102', 'hex') }), /grants none \(status 2/],
  ['answers with a page', () => ({ body: Buffer.from('<html>') }), /can’t be verified/],
  ['answers nothing', () => ({ body: Buffer.alloc(0) }), /can’t be verified/],
  ['answers too much', () => ({ body: Buffer.alloc(70_000) }), /no stamp/],
  ['is down', () => ({ status: 503, body: Buffer.from('') }), /answers 503/],
])('an authority that %s is told of', async (_what, given, words) => {
  answer = given;
  expect(await stamps()).toMatch(words);
});

test('an authority that is not there is told of', async () => {
  expect(await stamps({ url: 'http://127.0.0.1:9' })).toMatch(/does not answer/);
});
