import { type Browser, createBrowser, type Page } from '../../../src/sandbox/browser.ts';
import { userIdIn } from '../../../src/sandbox/consoles.ts';
import type { StageOptions } from '../../stage.ts';

/** Who plays which role in these tests. */
export const cast = { employee: 'ines', owner: 'olga', auditor: 'tom', admin: 'sam' } as const;

export const withAuditor: StageOptions = {
  catalogue: (catalogue) => ({ ...catalogue, auditors: [`${cast.auditor}@acme.example`] }),
};

/** Signs somebody in on the sign-in page that a browser was sent to. */
export async function signInAt(browser: Browser, url: string, key: string): Promise<Page> {
  const asked = await browser.open(url);
  const link = /href="([^"]*\/web\/sign-in\/begin[^"]*)"/.exec(asked.html)?.[1];
  if (link === undefined) throw new Error(`${asked.url} offers no sign-in: ${asked.html}`);
  const provider = await browser.open(new URL(link.replaceAll('&amp;', '&'), asked.url).href);
  return await browser.send(provider, new URL(provider.url).pathname, {
    user: userIdIn('okta', key),
    how: 'twoFactors',
  });
}

export async function signedIn(latchkeyUrl: string, key: string): Promise<Browser> {
  const browser = createBrowser();
  await signInAt(browser, `${latchkeyUrl}/web`, key);
  return browser;
}

/** The text of a page, without its markup. */
export function textOf({ html }: Page): string {
  return html
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');
}
