import type { Checked } from '../core/checked.ts';

const TIMEOUT_MS = 10_000;
/** Slack signs for five minutes, Okta's assertions live as long. */
const CLOCK_APART_MAX_MS = 60_000;

/** Whether the public address leads to a Latchkey. From the inside of a network that can be seen in part only. */
export async function checkAddress(publicUrl: string | null, isSocketMode: boolean): Promise<Checked> {
  const name = 'public address';
  if (publicUrl === null)
    return {
      name,
      trouble: null,
      detail: isSocketMode
        ? 'PUBLIC_URL is not set; Slack comes in by Socket Mode, and the identity provider’s pushes can’t come in'
        : 'PUBLIC_URL is not set; Latchkey listens on loopback alone, so only what is on this machine reaches it',
    };
  try {
    const answer = await fetch(`${publicUrl}/healthz`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
    });
    const body: unknown = await answer.json().catch(() => null);
    if (answer.ok && isHealth(body))
      return {
        name,
        trouble: null,
        detail: `${publicUrl} leads to Latchkey from this machine; whether a firewall lets Slack and the identity provider in can’t be known from here`,
      };
    return {
      name,
      trouble: `${publicUrl}/healthz answers ${answer.status}, and not as Latchkey does: something else is there, or a proxy that does not pass it on`,
    };
  } catch (error) {
    return {
      name,
      trouble: `${publicUrl} does not answer this machine (${codeOf(error)}): start Latchkey, and see that the name and the proxy lead to it. Whether it answers the outside can’t be known from here: ask ${publicUrl}/healthz from there`,
      isOptional: true,
    };
  }
}

function isHealth(body: unknown): boolean {
  return typeof body === 'object' && body !== null && ('ok' in body || 'latchkey' in body);
}

/** Whether this machine's clock agrees with others', by the `Date` of their answers. */
export async function checkClock(urls: readonly string[]): Promise<Checked> {
  const name = 'clock';
  for (const url of urls)
    try {
      const askedAt = Date.now();
      const answer = await fetch(url, {
        method: 'HEAD',
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const theirs = Date.parse(answer.headers.get('date') ?? '');
      if (Number.isNaN(theirs)) continue;
      const apartMs = theirs - (askedAt + Date.now()) / 2;
      return {
        name,
        trouble:
          Math.abs(apartMs) <= CLOCK_APART_MAX_MS
            ? null
            : `this machine’s is ${Math.round(Math.abs(apartMs) / 1_000)} s ${apartMs > 0 ? 'behind' : 'before'} that of ${new URL(url).host}, so what Slack signs is refused as too old: let it be set by NTP`,
      };
    } catch {
      // The next one may answer.
    }
  return { name, trouble: 'nobody answered whose clock this one could be compared with', isOptional: true };
}

function codeOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: string }; name?: string };
  return cause?.code ?? name ?? 'no answer';
}
