import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Zip, ZipDeflate } from 'fflate';

/** The same files make the same bytes, whenever it is made: by its hash it is known whether it is there already. */
const MADE = new Date(1980, 0, 1);

/**
 * Files of a folder as one ZIP, in this order. Each is read in pieces; what comes out is in memory. Null: it would have
 * more than `bytesMax`.
 */
export async function zipOf(
  folder: string,
  names: readonly string[],
  bytesMax: number,
): Promise<Buffer | null> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let failure: Error | null = null;
  const zip = new Zip((error, piece) => {
    failure ??= error;
    pieces.push(piece);
    bytes += piece.length;
  });
  for (const name of names) {
    const file = new ZipDeflate(name, { level: 6 });
    file.mtime = MADE;
    zip.add(file);
    for await (const piece of createReadStream(join(folder, name))) file.push(piece as Buffer);
    file.push(new Uint8Array(0), true);
    if (failure !== null) throw failure;
    if (bytes > bytesMax) return null;
  }
  zip.end();
  return Buffer.concat(pieces);
}
