import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { Fault } from '../core/fault.ts';

/** A file of a pack as the manifest has it; `name` may have one folder in it. */
export type WrittenFile = { name: string; bytes: number; sha256: string };

/** A file that is being written: in pieces, so that its length is no matter. */
export type OpenFile = { write(text: string): Promise<void>; end(): Promise<WrittenFile> };

export type Folder = {
  open(name: string): OpenFile;
  /** Of a file that is short, in one go. */
  write(name: string, text: string): Promise<WrittenFile>;
  /** The lines of a file that was written, one after the other. */
  lines(name: string): AsyncIterable<string>;
  files: WrittenFile[];
};

/** A new folder for a pack. @throws config.invalid when there is something in it: nothing is written over */
export async function newFolder(path: string): Promise<Folder> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if ((await readdir(path)).length > 0)
    throw new Fault('config.invalid', `${path} is not empty: name a folder that is, or is not there yet`, {
      retryable: false,
    });
  const files: WrittenFile[] = [];
  const open = (name: string) => openFile(path, name, files);
  return {
    files,
    open,
    lines: (name) =>
      createInterface({ input: createReadStream(join(path, name)), crlfDelay: Number.POSITIVE_INFINITY }),
    async write(name, text) {
      await mkdir(join(path, dirname(name)), { recursive: true, mode: 0o700 });
      const file = open(name);
      await file.write(text);
      return await file.end();
    },
  };
}

function openFile(path: string, name: string, files: WrittenFile[]): OpenFile {
  const stream = createWriteStream(join(path, name), { mode: 0o600, flags: 'wx' });
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async write(text) {
      const piece = Buffer.from(text);
      bytes += piece.length;
      hash.update(piece);
      if (!stream.write(piece)) await once(stream, 'drain');
    },
    async end() {
      stream.end();
      await finished(stream);
      const file = { name, bytes, sha256: hash.digest('hex') };
      files.push(file);
      return file;
    },
  };
}
