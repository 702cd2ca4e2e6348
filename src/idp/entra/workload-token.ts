import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeJwt, type JWTPayload } from 'jose';
import type { Checked } from '../../core/checked.ts';
import { Fault } from '../../core/fault.ts';

/** The one that Entra takes; national clouds have theirs, which begin so. */
const AUDIENCE = 'api://AzureADTokenExchange';

/**
 * The token of a workload's platform, as it is now. The file is named by its path, or as `file:///…` like a secret's.
 *
 * @throws idp.unauthorized when it can't be read
 */
export async function readWorkloadToken(file: string): Promise<string> {
  try {
    return (await readFile(file.startsWith('file:') ? fileURLToPath(file) : file, 'utf8')).trim();
  } catch (cause) {
    throw new Fault(
      'idp.unauthorized',
      `Graph, token: the file ${file} can’t be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`,
      { retryable: false, vendorCode: 'federated_token_file' },
    );
  }
}

/**
 * A line of `check` on a token that could be read. It shows what Entra compares with the federated credential: issuer,
 * subject and audience, none of which is a secret. Whether it is genuine only Entra says.
 */
export async function checkWorkloadToken(file: string): Promise<Checked[]> {
  const name = 'Entra workload token';
  let claims: JWTPayload;
  try {
    const token = await readWorkloadToken(file);
    claims = decodeJwt(token);
  } catch (error) {
    // That line is there already.
    if (error instanceof Fault) return [];
    return [{ name, trouble: `what is in ${file} is no token: name the file that the platform fills` }];
  }
  const { iss = 'none', sub = 'none', exp } = claims;
  const audiences = [claims.aud ?? []].flat();
  const shown = `issuer ${iss}, subject ${sub}, audience ${audiences.join(', ') || 'none'}`;
  if (!audiences.some((audience) => audience.startsWith(AUDIENCE)))
    return [{ name, trouble: `it is for another (${shown}): let the platform make one for ${AUDIENCE}` }];
  const until = exp === undefined ? null : new Date(exp * 1_000);
  if (until !== null && until.getTime() < Date.now())
    return [
      {
        name,
        trouble: `it ran out at ${until.toISOString()}: the platform has not renewed the file (on Kubernetes a file that is mounted by subPath never is)`,
      },
    ];
  return [{ name, trouble: null, detail: shown }];
}
