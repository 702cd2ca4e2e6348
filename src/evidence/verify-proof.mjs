// node verify.mjs entry.json entry.tlog-proof <verifier key>
import { createPublicKey, hash, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [entry, proof, vkey] = [
  readFileSync(process.argv[2]),
  readFileSync(process.argv[3], 'utf8'),
  process.argv[4],
];
const sha256 = (...parts) => hash('sha256', Buffer.concat(parts), 'buffer');
const fail = (why) => {
  console.log(`NOT PROVEN: ${why}`);
  process.exit(1);
};

// The signature of the checkpoint.
const [head, text, signatures] = proof.replaceAll('\r', '').split('\n\n');
const [name, id, key] = vkey?.match(/^(.+?)\+(.+?)\+(.+)$/)?.slice(1) ?? fail('this is no verifier key');
if (!signatures) fail('this is no signed proof');
const lines = signatures.split('\n').map((line) => line.split(' '));
const signed = lines.filter(([, by]) => by === name).map(([, , bytes]) => Buffer.from(bytes, 'base64'));
const signature = signed.find((bytes) => bytes.subarray(0, 4).toString('hex') === id);
const spki = Buffer.concat([
  Buffer.from('302a300506032b6570032100', 'hex'),
  Buffer.from(key, 'base64').subarray(1),
]);
const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
const hex = (bytes) => bytes.subarray(0, 4).toString('hex');
if (!signature) fail(`it is signed by ${signed.map(hex).join(', ') || 'others'}, and not by ${id}`);
if (!verify(null, Buffer.from(`${text}\n`), publicKey, signature.subarray(4)))
  fail('the signature does not fit');

// The way from the entry to the root.
const [origin, size, root] = text.split('\n');
const [, index, ...path] = head.split('\n').map((line) => line.replace('index ', ''));
if (origin !== name) fail('this is another log');
let [at, last, found] = [Number(index), Number(size) - 1, sha256(Buffer.from([0]), entry)];
for (const sibling of path.map((line) => Buffer.from(line, 'base64'))) {
  if (last === 0) fail('the path is too long');
  const isRight = at % 2 === 1 || at === last;
  found = isRight ? sha256(Buffer.from([1]), sibling, found) : sha256(Buffer.from([1]), found, sibling);
  if (isRight) while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
}
if (last !== 0 || found.toString('base64') !== root) fail('the entry is not in this log');
const by = JSON.parse(entry).id;
console.log(`sealed number ${Number(index) + 1} of the ${size} that ${name} has signed; its own id is ${by}`);
