import { accessPage } from './access.ts';
import { changesPage } from './changes.ts';
import { oneChangePage } from './one-change.ts';
import { overviewPage } from './overview.ts';
import type { AnyPage } from './pages.ts';

/** Every page there is, in the order of the menu. */
export const pages: readonly AnyPage[] = [overviewPage, changesPage, oneChangePage, accessPage];
