/** Where evidence is kept for auditors: a platform with documents, each of which has files. */
export type EvidenceStore = {
  /** As people call it, with where it is. */
  called: string;
  /** The files of a document that nobody has deleted. */
  files(document: string): Promise<KeptFile[]>;
  /**
   * Sends a file. Throws a fault whose `outcomeUnknown` says that it may have arrived. It is repeated by itself only
   * where it was refused unread.
   */
  send(document: string, file: EvidenceFile): Promise<KeptFile>;
  /** SHA-256 of what is kept there under that id; null: it is not given out. */
  hashOf(document: string, id: string): Promise<string | null>;
  /** Hands a document over to whoever reviews it. `nothing`: nothing of it was waiting. */
  submit(document: string): Promise<'submitted' | 'nothing'>;
  /** What the document is called there. */
  titleOf(document: string): Promise<string>;
};

export type EvidenceFile = {
  name: string;
  type: string;
  bytes: Buffer;
  sha256: string;
  /** In words for whoever reads it there; it has the hash in it. */
  description: string;
  /** The last day that it is about. */
  effectiveAt: Date;
};

export type KeptFile = { id: string; name: string; description: string };
