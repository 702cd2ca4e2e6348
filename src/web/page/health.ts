import { capital } from '../../core/text.ts';
import { CATCHING_UP, UP_TO_DATE } from '../../flow/audit/export-status.ts';
import { html } from '../html.ts';
import type { Readiness } from '../readiness.ts';
import { badge, figures } from './layout.ts';
import { list } from './pages.ts';

/** Something that works or does not. `fix`: why not, and what to do; null: it works. */
type Part = { part: string; works: boolean; fix: string | null; isBehind?: true };

/** Every part of which it is known whether it works: what can be done, and what each entitlement needs. */
function partsOf(report: Readiness): Part[] {
  const { can, cannot, entitlements, canary, queue, secrets, policy, audit, siem } = report;
  const fixOf = (does: string) => cannot.find((line) => line.startsWith(`${does}: `))?.slice(does.length + 2);
  const isOff = canary.startsWith('off') || canary.startsWith('ready');
  return [
    ...Object.entries(can).map(([does, works]) => ({ part: capital(does), works, fix: fixOf(does) ?? null })),
    { part: 'The queue', works: queue === 'ready', fix: queue === 'ready' ? null : queue },
    { part: 'The canary', works: isOff, fix: canary === 'ready' ? null : canary },
    ...Object.entries(entitlements).map(([key, status]) => ({
      part: `Entitlement ${key}`,
      works: status === 'ready',
      fix: status === 'ready' ? null : status,
    })),
    ...Object.entries(siem).map(([called, words]) => ({
      part: `The audit to ${called}`,
      works: words === UP_TO_DATE,
      fix: words === UP_TO_DATE ? null : words,
      ...(words.startsWith(CATCHING_UP) ? { isBehind: true as const } : {}),
    })),
    ...secrets.map((line) => ({ part: 'A secret', works: false, fix: line })),
    ...(audit.length === 0
      ? [{ part: 'The audit’s proof', works: true, fix: null }]
      : audit.map((fix) => ({ part: 'The audit’s proof', works: false, fix }))),
    ...policy.mistakes.map((line) => ({ part: 'The files of the policy', works: false, fix: line })),
  ];
}

/** Whether each connector works, with what mends it. */
export const healthPage = list<Part>({
  path: '/health',
  title: 'Health',
  about:
    'Whether Latchkey can do its work at each outside party, asked again and again. What does not work says why and what mends it.',
  rule: 'everything',
  inMenu: true,
  filters: () => [],
  columns: [
    { key: 'part', title: 'Part', is: 'text', value: ({ part }) => part },
    {
      key: 'works',
      title: 'Works',
      is: 'text',
      value: ({ works }) => (works ? 'yes' : 'no'),
      show: ({ works, isBehind }) =>
        isBehind === true
          ? badge('waiting', 'is behind')
          : badge(works ? 'good' : 'bad', works ? 'works' : 'does not'),
    },
    {
      key: 'fix',
      title: 'Why not, and what to do',
      is: 'text',
      value: ({ fix }) => fix,
    },
  ],
  async read({ report }) {
    const parts = partsOf(await report());
    return { rows: parts.toSorted((a, b) => Number(a.works) - Number(b.works)), next: null };
  },
  async above({ report }) {
    const { ready, openWork, failing, policy } = await report();
    const failures = Object.entries(failing);
    return html`${figures([
      { label: 'The main job', value: ready ? 'can be done' : 'can’t be done', mood: ready ? 'good' : 'bad' },
      { label: 'Work that is owed', value: openWork ?? 'not known' },
      {
        label: 'Work that failed and is tried again',
        value: failures.reduce((sum, [, count]) => sum + count, 0),
        mood: failures.length === 0 ? 'good' : 'bad',
        ...(failures.length === 0 ? {} : { note: failures.map(([name, n]) => `${name}: ${n}`).join(', ') }),
      },
      { label: 'Policy in force', value: policy.inForce.slice(0, 8), note: 'its fingerprint' },
    ])}`;
  },
  empty: () => html`<p>Nothing is known yet: ask again in a few seconds.</p>`,
});
