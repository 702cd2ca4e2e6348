import type { RouteRule } from '../../core/page/reader.ts';
import { accessPage } from './access.ts';
import { auditPage } from './audit.ts';
import { canaryPage } from './canary.ts';
import { casesPage } from './cases.ts';
import { changesPage } from './changes.ts';
import { findingsPage } from './findings.ts';
import { healthPage } from './health.ts';
import { massChangesPage, massItemsPage } from './mass-changes.ts';
import { oneCasePage } from './one-case.ts';
import { oneChangePage } from './one-change.ts';
import { checkpointFile, entryFile, oneEntryPage, proofFile } from './one-entry.ts';
import { overviewPage } from './overview.ts';
import { type AnyPage, scopeOf } from './pages.ts';
import { pastAccessPage } from './past-access.ts';
import { propagationPage } from './propagation.ts';
import { reviewLinesPage, reviewsPage } from './reviews.ts';

/** Every page there is, in the order of the menu. */
export const pages: readonly AnyPage[] = [
  overviewPage,
  changesPage,
  oneChangePage,
  propagationPage,
  accessPage,
  pastAccessPage,
  findingsPage,
  massChangesPage,
  massItemsPage,
  casesPage,
  oneCasePage,
  reviewsPage,
  reviewLinesPage,
  healthPage,
  canaryPage,
  auditPage,
  checkpointFile,
  oneEntryPage,
  entryFile,
  proofFile,
];

/** What a token can be for, each with who may see it at all. */
export const apiScopes: readonly { scope: string; rule: RouteRule }[] = pages.flatMap((page) =>
  page.is === 'list' ? [{ scope: scopeOf(page), rule: page.rule }] : [],
);
