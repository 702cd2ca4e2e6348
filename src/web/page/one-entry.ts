import { proofOfEntry } from '../../audit/proof.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { lastCheckpoint } from '../../store/audit-tree.ts';
import { type ListedEntry, readEntry } from '../../store/page/audit.ts';
import { entryInWords } from '../entry-words.ts';
import { type Html, html } from '../html.ts';
import type { AskedByReader, FilePage, OtherPage } from './pages.ts';

const NUMBER = /^[1-9]\d{0,14}$/;
const TEXT = 'text/plain; charset=utf-8';

const about = {
  title: 'An audit entry',
  rule: 'everything',
  inMenu: false,
  isOnRecord: true,
} as const;

/** One entry of the audit, and what shows to anybody that it is in it. */
export const oneEntryPage: OtherPage = {
  ...about,
  is: 'page',
  path: '/audit/:id',
  async html(asked) {
    const entry = await entryAsked(asked);
    if (entry === null) return null;
    const proof = await proofOfEntry(asked.context.db, entry.id);
    const said = entryInWords(entry, asked.context.idps.name);
    return {
      title: entry.seq === null ? 'An entry that is not sealed yet' : `Entry ${entry.seq}`,
      body: html`<div class="card"><p><b>${said.text}</b></p>${said.actor === '' ? '' : html`<p class="soft">${said.actor}</p>`}</div>
${factsHtml(entry, asked)}
<h2>That it is in the audit</h2>${proof === null ? notProven() : proven(entry.id, proof.size)}
<h2>What was kept</h2><pre class="card" tabindex="0" aria-label="The entry as JSON">${JSON.stringify(entry.data, null, 2)}</pre>
<p><a href="${PAGE_PATH}/audit">All entries</a></p>`,
    };
  },
};

/** The entry’s bytes, of which the leaf of the tree is the hash. */
export const entryFile: FilePage = {
  ...about,
  is: 'file',
  path: '/audit/:id/entry.json',
  async file(asked) {
    const proof = await proofAsked(asked);
    const { id = '' } = asked.params;
    return (
      proof && {
        name: `latchkey-audit-${id}.json`,
        type: 'application/json; charset=utf-8',
        text: proof.entry,
      }
    );
  },
};

export const proofFile: FilePage = {
  ...about,
  is: 'file',
  path: '/audit/:id/proof',
  async file(asked) {
    const proof = await proofAsked(asked);
    const { id = '' } = asked.params;
    return proof && { name: `latchkey-audit-${id}.tlog-proof`, type: TEXT, text: proof.proof };
  },
};

/** It names nobody, so whoever takes it is not on record. */
export const checkpointFile: FilePage = {
  title: 'The newest checkpoint',
  rule: 'everything',
  inMenu: false,
  is: 'file',
  path: '/audit/checkpoint',
  async file({ context }) {
    const last = await lastCheckpoint(context.db);
    return last && { name: `latchkey-checkpoint-${last.size}.txt`, type: TEXT, text: last.note };
  },
};

async function entryAsked({ context, params }: AskedByReader): Promise<ListedEntry | null> {
  const { id = '' } = params;
  return NUMBER.test(id) ? await readEntry(context.db, id) : null;
}

async function proofAsked({ context, params }: AskedByReader) {
  const { id = '' } = params;
  return NUMBER.test(id) ? await proofOfEntry(context.db, id) : null;
}

function factsHtml({ id, at, type, seq, changeId }: ListedEntry, { as }: AskedByReader): Html {
  return html`<dl class="card"><dt>When</dt><dd>${as.exact(at)} <small class="soft">${at.toISOString()}</small></dd>
<dt>Type</dt><dd>${type}</dd>
<dt>Number</dt><dd>${seq ?? 'none yet: it is sealed within seconds'}</dd>
<dt>Id</dt><dd>${id}</dd>
<dt>Change</dt><dd>${changeId === null ? 'of no single change' : html`<a href="${PAGE_PATH}/changes/${changeId}">${changeId}</a>`}</dd></dl>`;
}

function proven(id: string, size: number): Html {
  return html`<div class="card"><p>A checkpoint of ${size.toLocaleString('en')} entries covers it. Whoever has these two files and the verifier key of this log can check that, without Latchkey and without trusting it.</p>
<p class="files"><a class="button" href="${PAGE_PATH}/audit/${id}/entry.json" download>The entry</a> <a class="button" href="${PAGE_PATH}/audit/${id}/proof" download>Its proof (.tlog-proof)</a> <a class="button" href="${PAGE_PATH}/audit/checkpoint" download>The newest checkpoint</a></p>
<p class="soft">The program that checks them is a few lines long, and stands in <code>docs/audit.md</code> under “Proof of an entry”.</p></div>`;
}

function notProven(): Html {
  return html`<div class="empty"><p>No checkpoint covers it yet.</p><p>One does within seconds of its writing: open this page again. If it stays so, see <a href="${PAGE_PATH}/health">health</a>.</p></div>`;
}
