import { createBrowser } from '../../src/sandbox/browser.ts';
import { signInAt } from '../web/page/visitors.ts';
import { absolute, type Figure, middle, percentile } from './figure.ts';
import { fillForPage } from './page-crowd.ts';
import { setScene } from './scene.ts';
import { createTraveller } from './traveller.ts';

const GRANTS = 200_000;
const ENTRIES = 1_000_000;
const TIMES = 15;
const TARGET_MS = 200;
/** Of the first look at thirteen weeks that nobody has looked at before. */
const FIRST_LOOK_MS = 10_000;

const paths = [
  '/web',
  '/web/changes',
  '/web/access',
  '/web/past-access?person=filled777@acme.example',
  '/web/past-access?entitlement=orders-api-read',
  '/web/findings',
  '/web/mass-changes',
  '/web/cases',
  '/web/reviews',
  '/web/propagation',
  '/web/canary',
  '/web/health',
  '/web/audit',
  '/web/audit?person=filled777@acme.example',
  '/web/audit?type=webSignedIn',
  '/web/audit/1',
];
const figure = absolute('page');

/** How long each page takes, over HTTP and signed in, with a large company's quarter in the database. */
export async function page(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const [grants, entries] = isSmall ? [GRANTS / 20, ENTRIES / 20] : [GRANTS, ENTRIES];
  const scene = await setScene();
  const traveller = createTraveller(scene);
  try {
    const pattern = await traveller.ask(0, 'payments-api-read');
    await traveller.approve(pattern);
    await traveller.arrives(pattern);
    while ((await scene.db.query('select from audit_seals')).rowCount === 0)
      await new Promise((resolve) => setTimeout(resolve, 100));
    say(`filling ${grants.toLocaleString('en')} grants and ${entries.toLocaleString('en')} audit entries…`);
    await fillForPage(scene.db, pattern, { grants, entries });
    const figures: Figure[] = [];
    for (const [role, key, seen] of [
      ['admin', 'sam', paths],
      ['owner', 'olga', ['/web', '/web/changes', '/web/access']],
      ['employee', 'ines', ['/web', '/web/changes', '/web/access']],
    ] as const) {
      const browser = createBrowser();
      await signInAt(browser, `${scene.latchkeyUrl}/web/sign-in`, key);
      const timed = async (path: string) => {
        const began = performance.now();
        const { status } = await browser.open(`${scene.latchkeyUrl}${path}`);
        if (status !== 200) throw new Error(`${path} answers ${status}`);
        return performance.now() - began;
      };
      if (role === 'admin') {
        const ms = await timed('/web/propagation');
        figures.push(
          figure('13 weeks looked at for the first time, ms', ms, `< ${FIRST_LOOK_MS}`, ms < FIRST_LOOK_MS),
        );
      }
      for (const path of seen) {
        const took: number[] = [];
        for (let n = 0; n < TIMES; n++) took.push(await timed(path));
        const worst = percentile(took, 0.95);
        figures.push(
          figure(
            `${path} as ${role}, ms (half within ${Math.round(middle(took))})`,
            worst,
            `< ${TARGET_MS}`,
            worst < TARGET_MS,
          ),
        );
      }
    }
    return figures;
  } finally {
    traveller.close();
    await scene.close();
  }
}
