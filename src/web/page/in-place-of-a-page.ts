import type { z } from 'zod';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { html } from '../html.ts';
import type { Filter } from './filters.ts';
import { unframed } from './layout.ts';

/** Signed in, but the page is for others. */
export function notForThem(): string {
  return unframed(
    'Not for you',
    html`<p>This page shows everybody’s access, and is for auditors and admins.</p><p>If you should see it, ask an admin to add you to <code>auditors</code> in the catalogue.</p><p><a href="${PAGE_PATH}">To your own page</a></p>`,
  );
}

/** Somebody who is signed in asks too much. */
export function tooMuch(seconds: number): string {
  return unframed(
    'Too many pages at once',
    html`<p>So many pages were asked for in your name within a minute that the others would wait for you.</p><p>Wait ${seconds} seconds, then open it again. A program asks by <code>/api</code> with a token of its own.</p>`,
  );
}

/** An address from which too much is asked without a sign-in. */
export function tooManyFrom(seconds: number): string {
  return unframed(
    'Too many pages at once',
    html`<p>So many pages were asked for from your network address within a minute, by people who are not signed in, that the others would wait for them.</p><p>Wait ${seconds} seconds, then open it again.</p>`,
  );
}

export function notThere(): string {
  return unframed(
    'Nothing here',
    html`<p>There is no such page, or what it is about is not yours to see.</p><p><a href="${PAGE_PATH}">To the start</a></p>`,
  );
}

/** The address asks a list for what it can't tell; each part that is wrong is named. */
export function notUnderstood(path: string, filters: readonly Filter[], { issues }: z.ZodError): string {
  const wrong = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => html`<li><code>${key}</code>: this list has no such filter</li>`)
      : [
          html`<li><code>${String(issue.path[0])}</code>: ${whyNot(String(issue.path[0]), filters, issue)}</li>`,
        ],
  );
  return unframed(
    'This address can’t be answered',
    html`<p>The list was not shown, because this in the address has no meaning:</p><ul>${wrong}</ul><p><a href="${path}">Show the whole list</a></p>`,
  );
}

function whyNot(name: string, filters: readonly Filter[], issue: z.core.$ZodIssue): string {
  if (name === 'after') return 'no place in this list; begin at its top again';
  if (issue.code === 'invalid_type') return 'it is there more than once';
  const filter = filters.find((one) => one.name === name);
  if (filter?.is === 'day') return 'no day as 2026-01-31';
  if (filter?.is === 'moment') return 'no day as 2026-01-31, nor a time as 2026-01-31T14:00';
  if (filter?.is === 'text') return issue.code === 'too_big' ? 'too long' : 'no text';
  return 'none of the values to choose from';
}

/** @param status below 500 the request was wrong, and `why` says how. Else the fault is ours and is in the log. */
export function broken(status: number, why: string): string {
  return status < 500
    ? unframed(
        'This can’t be answered',
        html`<p>It was refused: ${why}.</p><p><a href="${PAGE_PATH}">To the start</a></p>`,
      )
    : unframed(
        'The page could not be made',
        html`<p>Something that it needs did not answer. Nothing was changed: this page only reads.</p><p>Open it again in a minute. If it stays so, tell whoever runs Latchkey: the log says what it was, and <code>/readyz</code> what is not well.</p>`,
      );
}
