import { type Html, html } from '../web/html.ts';
import { table } from './page-table.ts';
import type { PackFacts } from './plan.ts';

/** They end with an error if a file, the manifest or the signature is not right. */
const COMMANDS = String.raw`# Every file is as the manifest has it.
jq -r '.files[] | "\(.sha256)  \(.name)"' manifest.json | sha256sum --check --quiet &&
# The manifest is the one that was signed.
[ "sha256 $(sha256sum < manifest.json | cut -c 1-64)" = "$(sed -n 2p manifest.note)" ] &&
# The signature is the key's. An Ed25519 key in DER is twelve fixed bytes and the key.
head -n 2 manifest.note > /tmp/signed.txt &&
# Two keys sign while one follows the other: the line that has the id of yours.
ID=$(echo "$KEY" | cut -d + -f 2) &&
SIGNATURE=$(tail -n +4 manifest.note | cut -d ' ' -f 3 | while read -r ONE; do
  [ "$(echo "$ONE" | base64 -d | head -c 4 | od -An -tx1 | tr -d ' \n')" = "$ID" ] && echo "$ONE"; done | head -n 1; true) &&
{ [ -n "$SIGNATURE" ] || { echo "It is not signed by $ID: ask for the key history, and not the pack."; false; }; } &&
echo "$SIGNATURE" | base64 -d | tail -c +5 > /tmp/signature &&
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; echo "$KEY" | cut -d + -f 3- | base64 -d | tail -c +2; } > /tmp/key.der &&
openssl pkeyutl -verify -pubin -keyform DER -inkey /tmp/key.der -rawin -in /tmp/signed.txt -sigfile /tmp/signature`;

export function checkSection({ files, signers }: Pick<PackFacts, 'files' | 'signers'>): Html {
  const isProof = (name: string) => name.includes('/');
  const proofs = files.filter(({ name }) => name.endsWith('.tlog-proof')).length;
  return html`<section id="check"><h2>To check this pack</h2>
<p><code>npm run latchkey -- evidence verify</code> with this folder names every file that was changed, is missing or was put in. It checks the signature and every proof, and asks no database for it.</p>
<ul>
<li><code>manifest.json</code> names every file with its length and its SHA-256, and this page too.</li>
<li>${
    signers.length === 0
      ? html`<b class="bad">This pack is not signed</b>: no key was set (<code>AUDIT_SIGNING_KEY</code>). Whoever has it can change it, and make the manifest anew.`
      : html`<code>manifest.note</code> is the signature on it (Ed25519, a signed note as of C2SP), with the key of the audit. The verifier key is worth something only where it is known from elsewhere, not from here. Which keys signed when is in <a href="signing-keys.csv">signing-keys.csv</a>, to compare with what you were told. It was signed with ${signers.map(({ verifier }) => html`<code>${verifier.vkey}</code> `)}`
  }</li>
<li>${
    proofs === 0
      ? 'No checkpoint of the audit was there, so nothing is proven.'
      : html`Each audit entry of each sample and of each policy is a file, with a proof beside it that it is in the audit: ${proofs} in <code>samples/</code> and <code>policies/</code>. The sealed number of an entry in a story leads to its proof, and its files are called by it. It is the place in the sealed order, from 1 on; the <code>id</code> in the entry is another, which was given while it was written. The sealed order is that of commits, so ids and times of neighbours within a second or so may cross. All are of one checkpoint, <a href="checkpoint.txt">checkpoint.txt</a>: kept until next time, it also shows that nothing before it was rewritten since.`
  }</li>
</ul>
<h3>Without Latchkey’s programs</h3>
<p>On a machine with <code>jq</code>, <code>openssl</code> and <code>sha256sum</code>, in this folder. <code>KEY</code> is the verifier key, known from elsewhere.</p>
<pre id="commands">${COMMANDS}</pre>
<p>That an entry of a sample is in the signed audit: <code>node verify-proof.mjs samples/…/12.json samples/…/12.tlog-proof "$KEY"</code>. The program has some forty lines, and can be read or written anew: it recomputes the hashes of a Merkle tree (RFC 6962) and one Ed25519 signature.</p>
${table(
  'Files',
  ['File', 'Bytes', 'SHA-256'],
  files
    .filter(({ name }) => !isProof(name))
    .map(({ name, bytes, sha256 }) => [name, String(bytes), html`<code>${sha256}</code>`]),
)}
</section>`;
}
