import { defineConfig } from 'vitest/config';

/** The tests of the pure core alone: a mutation run starts them thousands of times, so they need no database. */
export default defineConfig({ test: { include: ['test/core/**/*.test.ts'] } });
