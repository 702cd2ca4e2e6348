import type { Outside } from './outside.ts';
import { isLoopback } from './setting-shapes.ts';

/**
 * The sandbox's credentials stand in its source. Anybody could use them against an installation that took them over,
 * so they are good only where every party is on this machine. Answers the settings that have one, each with what to do.
 */
export function publishedIn(
  e: Readonly<Record<string, unknown>>,
  { slack, idps, anypoint }: Outside,
): string[] {
  const urls = [slack.apiUrl, ...idps.map(({ url }) => url), anypoint.url];
  if (urls.every(isLoopback)) return [];
  return Object.entries(e)
    .filter(
      ([name, value]) =>
        name !== 'OPENAI_MODEL' && /(^|,)(sandbox-|xoxb-sandbox|xapp-sandbox)/.test(String(value)),
    )
    .map(
      ([name]) =>
        `${name}: is the sandbox’s own, which everybody can read in the source: make one that only you know`,
    );
}
