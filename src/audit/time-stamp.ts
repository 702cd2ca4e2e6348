import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as asn1js from 'asn1js';
import {
  AlgorithmIdentifier,
  Certificate,
  ExtKeyUsage,
  id_ContentType_SignedData,
  id_ExtKeyUsage,
  id_eContentType_TSTInfo,
  id_sha256,
  MessageImprint,
  SignedData,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs';

/** An authority of time stamps, whom its certificates are trusted by (PEM), and the folder that its answers go into. */
export type TimeStamps = { url: string; ca: string; folder: string };

/** `text`: what is stamped. */
export type StampAsked = { text: string; nonce: Buffer; request: Buffer };

/** RFC 3161 section 3.4. */
const REQUEST_TYPE = 'application/timestamp-query';
const WITHIN_MS = 10_000;
const ANSWER_MAX = 65_536;
/** The time of a stamp and ours may differ by this, in milliseconds. */
const APART_MAX_MS = 300_000;
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
/** 64 bits, as RFC 3161 section 2.4.1 has it; some authorities take no more. */
const NONCE_BYTES = 8;
/** As those of S3: in the order of sizes. */
const DIGITS = 15;

/** The request for a stamp on a text (RFC 3161 section 2.4.1), with the authority's certificate wanted in the answer. */
export async function askStamp(text: string): Promise<StampAsked> {
  const nonce = randomBytes(NONCE_BYTES);
  // A positive number without a zero before it: it comes back as it was sent, whoever writes it anew.
  nonce[0] = ((nonce[0] as number) & 0x3f) | 0x40;
  const hashedMessage = await crypto.subtle.digest('SHA-256', Buffer.from(text));
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: id_sha256 }),
      hashedMessage: new asn1js.OctetString({ valueHex: hashedMessage }),
    }),
    nonce: new asn1js.Integer({ valueHex: new Uint8Array(nonce).buffer }),
    certReq: true,
  });
  return { text, nonce, request: Buffer.from(request.toSchema().toBER()) };
}

/**
 * Why an answer is no stamp on what was asked; null: it is. Granted, over this very text, with our nonce, of now, by a
 * certificate for time stamps alone that one of `ca` is behind at the time of the stamp.
 */
export async function whyNoStamp(
  answer: Buffer,
  { text, nonce }: Pick<StampAsked, 'text' | 'nonce'>,
  { ca, now }: { ca: string; now: Date },
): Promise<string | null> {
  try {
    const { status, timeStampToken: token } = TimeStampResp.fromBER(answer);
    if (status.status > 1 || token === undefined)
      return `it grants none (status ${status.status}${(status.statusStrings ?? []).map((one) => `: ${one.valueBlock.value}`).join('')})`;
    if (token.contentType !== id_ContentType_SignedData) return 'its answer is no signed stamp';
    const signed = new SignedData({ schema: token.content });
    const content = signed.encapContentInfo;
    if (content.eContentType !== id_eContentType_TSTInfo || content.eContent === undefined)
      return 'its answer is no signed stamp';
    if (signed.signerInfos.length !== 1) return 'its stamp has not one signer';
    const info = TSTInfo.fromBER(content.eContent.getValue());
    if (info.messageImprint.hashAlgorithm.algorithmId !== id_sha256) return 'its stamp is over another hash';
    if (info.nonce === undefined || !bytesOf(info.nonce).equals(nonce))
      return 'its stamp is not the answer to this request (nonce)';
    if (Math.abs(info.genTime.getTime() - now.getTime()) > APART_MAX_MS)
      return `its stamp is of ${info.genTime.toISOString()}: see both clocks`;
    const trustedCerts = certificatesIn(ca);
    const data = new Uint8Array(Buffer.from(text)).buffer;
    const result = await signed.verify({
      signer: 0,
      data,
      trustedCerts,
      checkChain: true,
      extendedMode: true,
    });
    const signer = result.signerCertificate;
    if (result.signatureVerified !== true || result.signerCertificateVerified !== true || signer == null)
      return 'its signature does not fit';
    return isForStamps(signer) ? null : 'its certificate is not one for time stamps alone';
  } catch (error) {
    const { message } = error as Error;
    return `its answer can’t be verified (${message.split('\n')[0]})`;
  }
}

function bytesOf(number: asn1js.Integer): Buffer {
  return Buffer.from(number.valueBlock.valueHexView);
}

/** RFC 3161 section 2.3: this one use, and critical. */
function isForStamps({ extensions = [] }: Certificate): boolean {
  const found = extensions.find(({ extnID }) => extnID === id_ExtKeyUsage);
  const uses = found?.parsedValue instanceof ExtKeyUsage ? found.parsedValue.keyPurposes : [];
  return found?.critical === true && uses.length === 1 && uses[0] === TIME_STAMPING;
}

function certificatesIn(pem: string): Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return found.map((one) => Certificate.fromBER(Buffer.from(one.replace(/-----[^-]+-----/g, ''), 'base64')));
}

/**
 * Has checkpoints stamped by an authority of time stamps (RFC 3161), and keeps each answer in a folder beside what was
 * stamped: `<size>.txt` and `<size>.tsr`, which `openssl ts -verify` reads too. Answers in words why there is none;
 * null: there is.
 */
export function createTimeStamps({
  url,
  ca,
  folder,
}: TimeStamps): (checkpoint: { size: number; note: string }, now: Date) => Promise<string | null> {
  return async ({ size, note }, now) => {
    // Without the signatures, to which others are added.
    const asked = await askStamp(`${note.split('\n\n')[0]}\n`);
    let answer: Buffer;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': REQUEST_TYPE },
        body: new Uint8Array(asked.request),
        signal: AbortSignal.timeout(WITHIN_MS),
      });
      if (!response.ok)
        return `${url} answers ${response.status}: see AUDIT_ANCHOR_TSA, and whether it wants to be paid`;
      answer = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } };
      return `${url} does not answer (${cause?.code ?? name}): see that this machine reaches it`;
    }
    if (answer.length > ANSWER_MAX) return `${url} answers with ${answer.length} bytes, which is no stamp`;
    const why = await whyNoStamp(answer, asked, { ca, now });
    if (why !== null) return `${url}: ${why}`;
    try {
      await mkdir(folder, { recursive: true });
      const path = join(folder, String(size).padStart(DIGITS, '0'));
      await writeFile(`${path}.txt`, asked.text);
      await writeFile(`${path}.tsr`, answer);
      return null;
    } catch (error) {
      return `a stamp can’t be written into ${folder} (${(error as NodeJS.ErrnoException).code})`;
    }
  };
}
