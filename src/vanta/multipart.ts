import type { EvidenceFile } from '../ports/evidence-store.ts';

/**
 * A file as a form, whole in memory: it can be sent again after a refusal, and goes with its length. The type of the file
 * is named, or a document without content is made of it (Vanta, "Sending documents"). Fields stand before the file, for
 * who reads a form as it comes.
 */
export async function formOf(file: EvidenceFile): Promise<{ body: Buffer; type: string }> {
  const form = new FormData();
  form.append('description', file.description);
  form.append('effectiveAtDate', file.effectiveAt.toISOString());
  form.append('file', new Blob([new Uint8Array(file.bytes)], { type: file.type }), file.name);
  const made = new Response(form);
  return { body: Buffer.from(await made.arrayBuffer()), type: made.headers.get('content-type') ?? '' };
}
