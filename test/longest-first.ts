import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** These take a minute or more each. Whichever of them began last would be what everybody waits for at the end. */
export const longest = [
  'test/evidence/played-quarter.test.ts',
  'test/model/same-decisions.test.ts',
  'test/faults/ended.test.ts',
  'test/journeys/mass-change-decided.test.ts',
  'test/faults/queue-away-refusing.test.ts',
  'test/journeys/attacks.test.ts',
  'test/journeys/mass-change-removed.test.ts',
  'test/journeys/attacks-deciding.test.ts',
  'test/journeys/kept-by-who-did-it.test.ts',
  'test/eval/eval.test.ts',
  'test/faults/postgres-away.test.ts',
  'test/faults/started.test.ts',
  'test/faults/queue-away-silent.test.ts',
  'test/faults/killed-mass-change.test.ts',
  'test/faults/killed-in-a-batch.test.ts',
  'test/journeys/canary.test.ts',
  'test/config/command-line.test.ts',
  'test/faults/killed-request.test.ts',
  'test/faults/queue-away-idle.test.ts',
  'test/journeys/same-with-any-model.test.ts',
  'test/faults/killed-offboarding.test.ts',
];

/** Vitest's order knows how long files took on this machine; on a new one, as in CI, it goes by their size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((path) => moduleId.endsWith(`/${path}`));
      return at === -1 ? longest.length : at;
    };
    // Groups of projects run one after the other, and their files stay together.
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return (await super.sort(files)).toSorted((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
