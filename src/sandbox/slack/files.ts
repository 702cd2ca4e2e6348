/** A file that was sent to a workspace. `text` null: it was announced, and not sent yet. */
type UploadedFile = { id: string; name: string; text: string | null };

const kept = new WeakMap<object, Map<string, UploadedFile>>();

/** The files of a workspace, by id. A restart of the sandbox forgets them. */
export function filesOf(workspace: object): Map<string, UploadedFile> {
  const known = kept.get(workspace) ?? new Map<string, UploadedFile>();
  kept.set(workspace, known);
  return known;
}
