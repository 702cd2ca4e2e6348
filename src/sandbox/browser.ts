/** A page as a browser without a screen has it. */
export type Page = { url: string; status: number; html: string };

const REDIRECTS_MAX = 10;

/** A browser without a screen: keeps cookies as one does, follows redirects, and sends the forms of a page. */
export function createBrowser() {
  const cookies = new Map<string, { path: string; pair: string }>();

  function keep(set: string): void {
    const [pair = '', ...attributes] = set.split(';').map((part) => part.trim());
    const named = (name: string) =>
      attributes.find((a) => a.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
    const path = named('path') ?? '/';
    const key = `${pair.slice(0, pair.indexOf('='))} ${path}`;
    const isOver = new Date(named('expires') ?? '2999-01-01') < new Date();
    if (isOver) cookies.delete(key);
    else cookies.set(key, { path, pair });
  }

  async function visit(address: string, init: RequestInit = {}): Promise<Page> {
    let [url, how] = [address, init];
    for (let step = 0; step < REDIRECTS_MAX; step++) {
      const { pathname } = new URL(url);
      const sent = [...cookies.values()].filter(({ path }) => pathname.startsWith(path));
      const answer = await fetch(url, {
        ...how,
        headers: { ...how.headers, cookie: sent.map(({ pair }) => pair).join('; ') },
        redirect: 'manual',
      });
      for (const set of answer.headers.getSetCookie()) keep(set);
      const to = answer.headers.get('location');
      if (to === null) return { url, status: answer.status, html: await answer.text() };
      await answer.body?.cancel();
      [url, how] = [new URL(to, url).href, {}];
    }
    throw new Error(`${address} redirects for ever`);
  }

  const open = (url: string, headers: Record<string, string> = {}) => visit(url, { headers });

  /** Sends the form of the page whose address ends so. */
  async function send(page: Page, ending: string, fields: Record<string, string> = {}): Promise<Page> {
    const actions = [...page.html.matchAll(/<form method="post" action="([^"]+)"/g)].map((m) => m[1] ?? '');
    const action = actions.find((one) => one.endsWith(ending));
    if (action === undefined) throw new Error(`${page.url} has no form …${ending}: ${page.html}`);
    return await visit(new URL(action, page.url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  }

  return { open, send };
}

export type Browser = ReturnType<typeof createBrowser>;

/** Goes from the link of a step-up to the end of the sign-in, as the user with this id of the identity provider. */
export async function signInBy(
  browser: Browser,
  link: string,
  { user, how = 'twoFactors' }: { user: string; how?: 'twoFactors' | 'password' | 'cancel' },
): Promise<Page> {
  const page = await browser.open(link);
  const signIn = await browser.send(page, new URL(link).pathname);
  return await browser.send(signIn, new URL(signIn.url).pathname, { user, how });
}
