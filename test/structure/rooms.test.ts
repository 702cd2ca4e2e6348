import { describe, expect, test } from 'vitest';
import { steps } from '../../src/flow/steps.ts';
import { keyOf } from '../../src/store/outbox.ts';
import { expectNone, filesIn, placesOf, roomOf, type SourceFile } from './source.ts';

const src = filesIn('src');
const inRoom = (...rooms: string[]) => src.filter((f) => rooms.includes(roomOf(f.path)));
const outsideSandbox = src.filter((f) => roomOf(f.path) !== 'sandbox');

/** `file -> file` for every import that a rule does not let through. */
function imports(
  files: readonly SourceFile[],
  isWrong: (to: string, isTypeOnly: boolean) => boolean,
): string[] {
  return files.flatMap((f) =>
    f.imports
      .filter((i) => i.path !== null && isWrong(i.path, i.isTypeOnly))
      .map((i) => `${f.path} -> ${i.path}`),
  );
}

test('the tests read the sources at all', () => {
  expect(src.length).toBeGreaterThan(80);
  expect(src.find((f) => f.path === 'src/core/change/settle.ts')?.imports.map((i) => i.path)).toContain(
    'src/core/policy/routing.ts',
  );
});

describe('the core is pure', () => {
  test('it imports nothing from outside', () => {
    expectNone(
      [
        ...imports(inRoom('core'), (to) => !to.startsWith('src/core/')),
        ...inRoom('core').flatMap((f) =>
          f.imports.filter((i) => i.package !== null).map((i) => `${f.path} -> ${i.package}`),
        ),
      ],
      'What decides has to be readable and testable by itself, without a database, a network or a clock behind it. Pass what it needs in as a fact; if it needs an outside call, the step in src/flow makes it first.',
    );
  });

  test('it reads no clock, no environment and no dice', () => {
    expectNone(
      placesOf(
        inRoom('core'),
        /Date\.now|new Date\(\s*\)|\bperformance\b|\bprocess\b|Math\.random|\bcrypto\b|setTimeout|setInterval|\bfetch\(|\bconsole\b/,
      ),
      'The same facts must always give the same answer: decisions are replayed in audits. Time and ids come in with the command (`now`, `grantId`).',
    );
  });
});

describe('who may know whom', () => {
  test('nobody but the two programs knows the sandbox', () => {
    const files = outsideSandbox.filter((f) => !['src/main.ts', 'src/cli/cli.ts'].includes(f.path));
    expectNone(
      imports(files, (to) => to.startsWith('src/sandbox/')),
      'The product must not behave otherwise because it is in the sandbox, nor carry emulators into production paths. Put what both need into the room it belongs to.',
    );
  });

  test('the two programs load the sandbox only when it is asked for', () => {
    const static_ = outsideSandbox.flatMap((f) =>
      f.imports
        .filter((i) => i.path?.startsWith('src/sandbox/') && !i.isDynamic && !i.isTypeOnly)
        .map((i) => `${f.path} -> ${i.path}`),
    );
    expectNone(
      static_,
      'A Latchkey for real has no emulator in its memory and needs none of their packages. Load it by `await import(…)` where the configuration says that this is the sandbox.',
    );
    expect(
      outsideSandbox
        .flatMap((f) => f.imports)
        .filter((i) => i.isDynamic && i.path?.startsWith('src/sandbox/')).length,
    ).toBeGreaterThan(2);
  });

  test('nothing that decides knows the model, its advice or the summaries', () => {
    const deciding = src.filter((f) =>
      /^src\/(core\/(policy|change|membership|people|joiner-mover|offboarding|mass-change)\/(?!words)[\w-]+|flow\/(request\/(settle|approvers)|membership\/[\w-]+|kernel\/commit))\.ts$/.test(
        f.path,
      ),
    );
    expect(deciding.length).toBeGreaterThanOrEqual(10);
    expectNone(
      [
        ...imports(deciding, (to) => /^src\/model\/|summar|fact-sheet|adviser/.test(to)),
        ...placesOf(
          deciding,
          /\b(Advice|AdviceResult|Adviser|advice|adviser|summary|readSummary|FactSheet)\b/,
        ),
      ],
      'The model reads facts and writes words; a model that is wrong or taken over must not be able to decide anything. A decision that seems to need its words needs a fact of its own.',
    );
  });

  test('adapters don’t know each other', () => {
    const adapters = ['slack', 'idp', 'mulesoft', 'model', 'tickets', 'vanta'];
    expectNone(
      adapters.flatMap((room) =>
        imports(inRoom(room), (to) =>
          adapters.some((other) => other !== room && to.startsWith(`src/${other}/`)),
        ),
      ),
      'A product that leaves must take only its own folder with it. What two adapters share is a port, or belongs to src/outbound.',
    );
  });
});

describe('one way to write', () => {
  const callsOf = (pattern: RegExp) => [
    ...new Set(
      placesOf(outsideSandbox, pattern)
        .filter((p) => !/\bfunction\b/.test(p))
        .map((p) => p.split(':')[0] as string),
    ),
  ];

  test('only commit changes the state of a change, writes grants and adds audit entries', () => {
    expect(callsOf(/\bauditEntries\(/)).toEqual(['src/flow/kernel/commit.ts']);
    // How each thing is written stands in a file of its own; only commit writes by it.
    expect(callsOf(/\b(writeChanges|writeGrants)\(/)).toEqual(['src/flow/kernel/aggregates.ts']);
    expect(callsOf(/\bheldIn\(/)).toEqual(['src/flow/kernel/commit.ts']);
    expectNone(
      placesOf(
        outsideSandbox.filter(
          (f) => !['src/store/changes-held.ts', 'src/store/grants.ts', 'src/store/audit.ts'].includes(f.path),
        ),
        /(insertInto|updateTable|deleteFrom)\('(changes|grants|audit)'\)|insert into (changes|grants|audit)\b|update (changes|grants|audit)\b/,
      ),
      'State, audit and outbox are one transaction or nothing. Give `commit` (src/flow/kernel/commit.ts) an event instead.',
    );
  });

  test('only commit and acceptClick add work', () => {
    expect(
      callsOf(/\badd(ing)?Jobs\(/),
      'Work that is added beside the state it follows from is lost or doubled when a process dies between the two. Return it from a commit’s body as `jobs`; a click alone is stored by itself, before it is answered.',
    ).toEqual(['src/flow/kernel/commit.ts', 'src/store/outbox.ts']);
    expect(callsOf(/\baddLeased\(/)).toEqual(['src/flow/request/accept-click.ts']);
  });

  test('only the store speaks SQL', () => {
    const others = outsideSandbox.filter((f) => roomOf(f.path) !== 'store');
    expectNone(
      [
        ...placesOf(
          others,
          /\bsql(<[^`]*>)?`|\bsql\.(raw|ref|lit|table|join)\b|\.(selectFrom|insertInto|updateTable|deleteFrom|mergeInto|selectNoFrom)\(/,
        ),
        ...placesOf(
          others,
          /\b(insert into \w+|delete from \w+|update \w+ set|join \w+ on|select .+ from)\b/,
        ),
        ...others.flatMap((f) =>
          f.imports
            .filter((i) => (i.package === 'kysely' || i.package === 'pg') && !i.isTypeOnly)
            .map((i) => `${f.path} -> ${i.package}`),
        ),
      ],
      'Whoever changes a table must find every statement on it in one place. Give the statement a name and a file in src/store, by its table or its purpose, and call it.',
    );
  });

  test('a set of states is written out once, where the core names it', () => {
    expectNone(
      placesOf(
        outsideSandbox.filter(
          (f) => !['src/core/change/states.ts', 'src/core/mass-change/mass-change.ts'].includes(f.path),
        ),
        /'received', ?'asking'|'applying', ?'verifying'|'asking', ?'held', ?'underway', ?'appsOpen'|'received' \|\| .*'asking'|'asking' \|\| .*'received'|!== '(received|asking)' && [\w.]+ !== '(received|asking)'/,
      ),
      'A state that is added later must not be missing in one of many lists. Use the set of the core (pendingStates, underway, openMassStates…), or its fragment in src/store/states.ts.',
    );
  });

  test('only migrations change the schema', () => {
    expectNone(
      placesOf(outsideSandbox, /\b(create|alter|drop) (table|index|unique index|function|trigger)\b/i),
      'A schema that changes anywhere else can’t be told from the migrations. Add a file to migrations/.',
    );
  });
});

test('only the two programs touch the environment, and hand it to config.ts', () => {
  const places = placesOf(outsideSandbox, /process\.env\b/);
  expectNone(
    places.filter((p) => !/^src\/(main|cli\/cli)\.ts:\d+: .*\b(readConfig|openSecrets)\(/.test(p)),
    'A setting that is read elsewhere is in no table and checked by nobody. Add it to src/config/, which names it and its mistakes.',
  );
  expectNone(
    placesOf(
      inRoom('core', 'flow', 'slack', 'idp', 'mulesoft', 'model', 'scim', 'store'),
      /from '.*config\.ts'/,
    ),
    'Rooms are given what they need by src/latchkey.ts.',
  );
});

test('every job has a step, and every step says what it does', () => {
  const table = src.find((f) => f.path === 'src/flow/steps.ts') as SourceFile;
  const reactions = src.find((f) => f.path === 'src/core/jobs/reactions.ts') as SourceFile;
  const jobs = [...reactions.code.matchAll(/\| \{ job: '(\w+)'/g)].map((m) => m[1] as string);
  expect(jobs.length).toBeGreaterThanOrEqual(7);
  expect(Object.keys(steps).sort()).toEqual([...jobs].sort());
  for (const name of jobs) {
    expect(table.text, `say above \`${name}\` in steps what the step does`).toMatch(
      new RegExp(`/\\*\\* [^*]+\\*/\\n\\s*${name}: \\{`),
    );
  }
  const seven = ['assessRequest', 'advise', 'settleClick', 'applyToIdp', 'deliverToTeam', 'verifyInAnypoint'];
  expect(
    Object.keys(steps).slice(0, 7),
    'The steps of a change stand first and in their order, so that one reads the way of a request from top to bottom.',
  ).toEqual([...seven, 'updateMessages']);
  expect(keyOf({ job: 'assessRequest', changeId: 'c' })).toBe('assessRequest:c');
});
