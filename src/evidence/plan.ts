import type { Signer } from '../audit/note.ts';
import type { Control, Framework, ListName } from '../core/evidence/controls.ts';
import type { Terms } from '../core/evidence/privileged.ts';
import type { Entitlement } from '../core/policy/catalogue.ts';
import type { CanaryDays, TellingSource } from '../store/evidence/coverage.ts';
import type { CanaryTotals } from '../store/evidence/other-lists.ts';
import type { KnownGroup } from '../store/evidence/reach.ts';
import type { RequestSum } from '../store/evidence/requests.ts';
import type { CaseStory } from './case-story.ts';
import type { Sampled } from './draw.ts';
import type { WrittenFile } from './folder.ts';
import type { WrittenList } from './list.ts';
import type { ToldStory } from './story.ts';

/** What a pack is asked to be. */
export type PackPlan = {
  from: Date;
  to: Date;
  frameworks: readonly Framework[];
  sample: { size: number; seed: string };
};

export type CataloguedEntitlement = Pick<
  Entitlement,
  'key' | 'title' | 'gives' | 'team' | 'idpGroup' | 'clauses' | keyof Terms
>;

/** What a pack is made with, beside the database. */
export type PackParts = {
  /** Tier of an entitlement, as the catalogue has it now; null: it is not in it any more. */
  tierOf(key: string): string | null;
  known: readonly KnownGroup[];
  /** Those of the catalogue, as it is now. */
  entitlements: readonly CataloguedEntitlement[];
  /** Names of the teams that the catalogue gives. */
  teams: readonly string[];
  /** Name of an identity provider by its `system`; null: of which one is not kept. */
  idpName(system: string | null): string;
  /** Whoever makes it, and with what. */
  madeBy: string;
  tool: string;
  /** Those who sign the manifest: the keys of the audit; none: it is not signed. */
  signers: readonly Signer[];
};

/** What the page is drawn from. */
export type PackFacts = {
  plan: PackPlan;
  madeAt: Date;
  madeBy: string;
  tool: string;
  controls: Control[];
  lists: Map<ListName, WrittenList>;
  /** `size`: cases of the population; `keys`: those that were drawn, in the order of their hashes. */
  samples: { of: Sampled; size: number; keys: string[]; stories: (ToldStory | CaseStory)[] }[];
  /** Of the whole population of what was given: by whom it was approved. */
  approved: { how: string; count: number }[];
  /** What came in and what became of it. */
  requests: RequestSum[];
  /** How many accesses were not approved before they were given, or not by somebody else. */
  violated: number;
  /** Of the whole populations: how many were in effect, or gone, within 60 seconds; `unseen`: MuleSoft has not shown it; `before`: it was found there, and kept. */
  speed: { what: string; within: number; later: number; unseen: number; before: number }[];
  /** Privileged accesses that were held against today's catalogue, and those whose entitlement is in none. */
  privileged: { byToday: number; unknown: number };
  /** `since`: from then on all are kept; null: that is not known. `by`: what became of how many. */
  deactivations: { since: Date | null; by: { what: string; count: number }[] };
  canary: CanaryTotals | null;
  /** Null: no round began. */
  canaryDays: CanaryDays | null;
  sources: TellingSource[];
  /** The first entry of the audit that is at hand; null: it has none. */
  recordBegan: Date | null;
  /** Audit entries from before this are in an archive, and are not read here; null: all are at hand. */
  archivedBefore: Date | null;
  /** `isDated`: the audit has when it was put in force. `text`: the written policy; null: it has none. */
  policies: {
    fingerprint: string;
    isAgreed: boolean;
    isDated: boolean;
    text: string | null;
    /** Names of files of the pack. */
    files: string[];
    proofs: string[];
  }[];
  /** Membership changes by event source, direction and what explains them. */
  told: { source: string; direction: string; matched: string; count: number }[];
  /**
   * Anypoint's own log: nothing of it was missed from `since` up to `checkedAt`. `isWhole`: the period is in it.
   * `ofOtherTeams`: membership changes of teams that Latchkey does not give.
   */
  teamLog: {
    since: Date | null;
    checkedAt: Date | null;
    trouble: string | null;
    isWhole: boolean;
    ofOtherTeams: number;
  };
  /** `since`: from when on the audit says which keys sign it; null: it does not. */
  signingKeys: { since: Date | null };
  files: WrittenFile[];
  signers: readonly Signer[];
};

export const SAMPLE_RULE =
  'of the population, those whose SHA-256 of "seed:id" (UTF-8) is the lowest; for each population the page says what is its id';
