import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type GivenSecret, secretOf } from '../secrets/secret.ts';
import type { Position } from '../store/scim/listing.ts';
import { ScimError } from './scim-error.ts';

/** How long a cursor may be used, in seconds; also said by ServiceProviderConfig. */
export const CURSOR_TIMEOUT_SECONDS = 3_600;

const IV_BYTES = 12;
const TAG_BYTES = 16;

export type Cursors = {
  /** An opaque text that is URL-safe as it is. `query` is what the cursor belongs to. */
  seal(position: Position, query: string, now: Date): string;
  /** Throws 400 `invalidCursor` for anything not sealed for this very query, `expiredCursor` for one too old. */
  open(cursor: string, query: string, now: Date): Position;
};

/**
 * Cursors of RFC 9865. They are encrypted, because a sort key may be somebody's name. They are authenticated together
 * with the query, so that one query's cursor can't be used with another. Every replica has the same secret. A cursor
 * outlives a change of it, as long as the secret before is taken.
 */
export function createCursors(given: GivenSecret): Cursors {
  const secret = secretOf(given);
  const keyOf = (value: string) => new Uint8Array(hkdfSync('sha256', value, '', 'latchkey scim cursor', 32));
  return {
    seal(position, query, now) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keyOf(secret.current()), iv).setAAD(Buffer.from(query));
      const { direction, key: sortKey, createdAt, id } = position;
      const text = JSON.stringify([now.getTime(), direction, sortKey, createdAt, id]);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },

    open(cursor, query, now) {
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length <= IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== cursor) throw invalid();
      let text = '';
      const isOpened = secret.fits((value) => {
        const decipher = createDecipheriv('aes-256-gcm', keyOf(value), bytes.subarray(0, IV_BYTES))
          .setAAD(Buffer.from(query))
          .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        try {
          text =
            decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
          return true;
        } catch {
          return false;
        }
      });
      if (!isOpened) throw invalid();
      const [sealedAtMs, direction, sortKey, createdAt, id] = JSON.parse(text) as [
        number,
        Position['direction'],
        string | null,
        string,
        string,
      ];
      if (now.getTime() - sealedAtMs > CURSOR_TIMEOUT_SECONDS * 1_000)
        throw new ScimError(400, 'the cursor has expired: start again without one', 'expiredCursor');
      return { direction, key: sortKey, createdAt, id };
    },
  };
}

function invalid(): ScimError {
  return new ScimError(400, 'the cursor is not one we gave for this query', 'invalidCursor');
}
