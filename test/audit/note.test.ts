import { describe, expect, test } from 'vitest';
import { checkpointText, parseCheckpoint, parseProof, writeProof } from '../../src/audit/checkpoint.ts';
import { EMPTY_ROOT } from '../../src/audit/merkle.ts';
import {
  cosignatureLine,
  newSigningKey,
  parseNote,
  readSigner,
  readVerifier,
  type Signer,
  signersOf,
  signNote,
  type Verifier,
} from '../../src/audit/note.ts';

const vkeyOf = (text: string) => readVerifier(text) as Verifier;
const signerOf = (text: string) => readSigner(text) as Signer;
const parse = (text: string) => parseNote(text) as NonNullable<ReturnType<typeof parseNote>>;

/** The example of C2SP signed-note. */
const C2SP = {
  vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};
/** The example of Go's sumdb/note. */
const GO = {
  skey: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signature:
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};

describe('signed notes', () => {
  test('the published example is verified', () => {
    const known = [vkeyOf(C2SP.vkey)];
    expect(signersOf(parse(C2SP.note), known)).toMatchObject({ isForged: false, signedBy: known });
    expect(known[0]?.vkey).toBe(C2SP.vkey);
    const changed = parse(C2SP.note.replace('example message', 'eximple message'));
    expect(signersOf(changed, known)).toEqual({ isForged: true, signedBy: [] });
  });

  test('a key as Go writes it signs as Go does', () => {
    const signer = signerOf(GO.skey);
    expect(signer.verifier.vkey).toBe(GO.vkey);
    expect(signNote(GO.text, [signer])).toBe(`${GO.text}\n${GO.signature}`);
  });

  test('signatures of others are looked past; one name or one id alone is another’s', () => {
    const own = signerOf(newSigningKey('log.example/audit'));
    const sameName = signerOf(newSigningKey('log.example/audit'));
    const note = parse(signNote('text\n', [sameName, own]));
    expect(signersOf(note, [own.verifier])).toMatchObject({ isForged: false, signedBy: [own.verifier] });
    expect(signersOf(parse(signNote('text\n', [sameName])), [own.verifier])).toEqual({
      isForged: false,
      signedBy: [],
    });
  });

  test.each([
    ['no blank line', 'text\n— name AAAAAAA=\n'],
    ['no signature', 'text\n\n'],
    ['a signature without its end', 'text\n\n— name AAAAAAA='],
    ['a hyphen', 'text\n\n- name AAAAAAA=\n'],
    ['base64 that is none', 'text\n\n— name AAAAAAA\n'],
    ['a signature that is too short', 'text\n\n— name AAAA\n'],
    ['a plus in the name', 'text\n\n— na+me AAAAAAA=\n'],
    ['a carriage return', 'text\r\n\n— name AAAAAAA=\n'],
    ['a tab', 'te\txt\n\n— name AAAAAAA=\n'],
    ['half a pair', 'te\ud800xt\n\n— name AAAAAAA=\n'],
    ['too many', `text\n\n${'— name AAAAAAA=\n'.repeat(101)}`],
  ])('is none: %s', (_what, text) => {
    expect(parseNote(text)).toBeNull();
  });

  test.each([
    'PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
    'PRIVATE+KEY+PeterNeumann+c74f20a3+AoEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
    'PRIVATE+KEY+Peter Neumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
    GO.vkey,
    'secret',
    '',
  ])('is no key for signing: %s', (text) => {
    expect(readSigner(text)).toBeNull();
  });

  test('a witness’s signature covers the time', () => {
    const witness = signerOf(newSigningKey('witness.example/w', true));
    const text = 'log.example/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n';
    const line = cosignatureLine(text, witness, 1_790_000_000);
    expect(signersOf(parse(`${text}\n${line}`), [witness.verifier])).toMatchObject({
      isForged: false,
      signedBy: [witness.verifier],
    });
    const [, , encoded = ''] = line.trimEnd().split(' ');
    const later = Buffer.from(encoded, 'base64');
    later.writeUInt8((later.at(11) ?? 0) ^ 1, 11);
    const moved = parse(`${text}\n— witness.example/w ${later.toString('base64')}\n`);
    expect(signersOf(moved, [witness.verifier]).isForged).toBe(true);
  });
});

describe('checkpoints', () => {
  test('the published example is read', () => {
    const text =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
    const read = parseCheckpoint(text);
    expect(read).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(text.startsWith(checkpointText(read as NonNullable<typeof read>))).toBe(true);
  });

  test.each([
    'log.example\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n',
    'log.example\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n',
    'log.example\n9999999999999999\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n',
    'log.example\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n\n',
    'log.example\n1\n47DEQpj8HBSa+w==\n\n',
    '\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n',
    'log.example\n1\n',
    '',
  ])('is none: %j', (text) => {
    expect(parseCheckpoint(text)).toBeNull();
  });
});

describe('proofs as files', () => {
  const checkpoint = signNote(checkpointText({ origin: 'log.example', size: 4, root: EMPTY_ROOT }), [
    signerOf(newSigningKey('log.example')),
  ]);

  test('are read as they were written, and with an extra line', () => {
    const proof = { index: 2, path: [EMPTY_ROOT, EMPTY_ROOT], checkpoint };
    const text = writeProof(proof);
    expect(text.split('\n').slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 2']);
    expect(parseProof(text)).toEqual(proof);
    expect(parseProof(text.replace('\n', '\nextra AAAA\n'))).toEqual(proof);
    expect(parseProof(writeProof({ ...proof, path: [] }))).toEqual({ ...proof, path: [] });
  });

  test.each([
    ['another kind', (text: string) => text.replace('@v1', '@v2')],
    ['an index with a zero before', (text: string) => text.replace('index 2', 'index 02')],
    ['a path that is no hash', (text: string) => text.replace('47DE', '47D')],
    ['no checkpoint', (text: string) => text.slice(0, text.indexOf('\n\n') + 2)],
  ])('are none: %s', (_what, spoil) => {
    expect(parseProof(spoil(writeProof({ index: 2, path: [EMPTY_ROOT], checkpoint })))).toBeNull();
  });
});
