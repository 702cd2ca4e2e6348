import type { FactSheet } from '../core/facts/request-facts.ts';

export type Risk = { text: string; severity: 'low' | 'medium' | 'high'; facts: string[]; clauses: string[] };

export type Provenance = {
  model: string;
  promptId: string;
  promptVersion: number;
  inputTokens: number;
  outputTokens: number;
  latencyMs: number;
  /** Claims that cited nothing we know, or carried numbers, names, links or markup found in no cited fact. */
  droppedClaims: number;
  /** Answered before to the same facts, so nothing was asked. */
  isRecalled?: true;
};

/** The model's advice, already validated; text is plain, not Slack markup. Never reaches the function that decides. */
export type Advice = {
  headline: string;
  /** At most three. */
  risks: Risk[];
  questions: string[];
  lean: 'approve' | 'deny' | 'ask more';
};

/** Why there is nothing of the model; the road goes on without. */
export type WhyNoAnswer =
  | 'slow'
  | 'down'
  | 'refused'
  | 'off-schema'
  | 'nothing left after checking'
  | 'budget spent'
  | 'not configured';

/** `provenance` of what is not shown: where the server did answer, what that cost. */
export type NotAnswered = { answered: false; why: WhyNoAnswer; provenance?: Provenance };

export type AdviceResult = { answered: true; advice: Advice; provenance: Provenance } | NotAnswered;

/** A person's text in words of their own, and its possible subjects: the model can only pick among these. */
export type FreeTextSheet = {
  text: string;
  candidates: { key: string; title: string; gives: string }[];
};

/** What of it could be read. Every text stands in what the person wrote; null: they did not say. */
export type FreeText = {
  entitlementKey: string | null;
  /** The words that say for how long or until when; code makes a time of them. */
  when: string | null;
  reason: string | null;
  ticket: string | null;
};

export type FreeTextResult = { answered: true; freeText: FreeText; provenance: Provenance } | NotAnswered;

/**
 * The model. Never throws for anything that the model or its server does. Answers within its budget: 8 s, and 2 s for
 * free text, where the person is looking at an empty form.
 */
export interface Adviser {
  summarizeRequest(sheet: FactSheet): Promise<AdviceResult>;
  /** Of what was found in the directory, one membership or many. */
  summarizeFinding(sheet: FactSheet): Promise<AdviceResult>;
  /** Of what one person still holds, for whoever reviews it. */
  adviseReview(sheet: FactSheet): Promise<AdviceResult>;
  /** Only fills in a form, which the person then changes or sends. */
  readFreeText(freeText: FreeTextSheet): Promise<FreeTextResult>;
}
