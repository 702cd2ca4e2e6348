import { defineConfig } from 'vitest/config';
import { aboutOneVendor } from './test/journeys/about-one-vendor.ts';
import { LongestFirst } from './test/longest-first.ts';

/** Test files that need no PostgreSQL, HTTP or other process: `npm run test:fast`. A file elsewhere is of the worlds. */
export const fast = [
  'test/{core,structure}/**/*.test.ts',
  'test/bench/runs.test.ts',
  'test/config/config.test.ts',
  'test/{eval/recorded,scim/conformance/sections,store/postgres/store-fault,web/entry-words}.test.ts',
  'test/flow/{queue/handed-over,request/free-text/deadline}.test.ts',
  'test/idp/okta-events.test.ts',
  'test/model/{answer-json,circuit-breaker,prompt,validate-advice,validate-free-text}.test.ts',
  'test/policy/{catalogue-file,cedar-file,cedar-rules,lint}.test.ts',
  'test/outbound/{asked-by-many,json-list,side-by-side}.test.ts',
  'test/queue/*.test.ts',
  'test/secrets/reference.test.ts',
  'test/siem/{line,file}.test.ts',
  'test/sandbox/blocks.test.ts',
  'test/slack/{api/bolt-logger,api/installation,mrkdwn}.test.ts',
  'test/slack/{change-card,commands,home,drift,request}/*.test.ts',
];

/** Tests in which Slack's three seconds or a killed process's lease count: they run after the others, with the machine to themselves. */
const timed = [
  'test/journeys/{canary,request-decided}.test.ts',
  'test/faults/{killed-offboarding,killed-mass-change}.test.ts',
];

const journeys = 'test/journeys/*.test.ts';
const withoutEntra = Object.keys(aboutOneVendor).map((name) => `test/journeys/${name}.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 90_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Half a test file's work was to load Latchkey and the sandbox. A worker loads them once, for all its files.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: fast,
          setupFiles: ['test/without-a-world.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'worlds',
          include: ['test/**/*.test.ts'],
          exclude: [...fast, ...timed],
          globalSetup: ['test/global-setup.ts'],
          // A world waits most of the time, so there are more of them than cores.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timed',
          include: timed,
          globalSetup: ['test/global-setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      // The journeys once more, by the same text, in worlds with another identity provider.
      {
        extends: true,
        test: {
          name: 'entra',
          include: [journeys],
          exclude: [...withoutEntra, ...timed],
          globalSetup: ['test/global-setup.ts'],
          provide: { idp: 'entra' },
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'entra timed',
          include: timed.filter((path) => path.startsWith('test/journeys/')),
          exclude: withoutEntra,
          globalSetup: ['test/global-setup.ts'],
          provide: { idp: 'entra' },
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
