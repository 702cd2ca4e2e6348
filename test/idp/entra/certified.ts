import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Signed by its own key, as the portal takes it. */
export function certified(name: string): { certificate: string; privateKey: string } {
  const folder = mkdtempSync(join(tmpdir(), 'entra-'));
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    ],
    { stdio: 'ignore' },
  );
  return { certificate: readFileSync(certificate, 'utf8'), privateKey: readFileSync(key, 'utf8') };
}
