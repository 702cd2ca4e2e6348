import { type Kysely, sql } from 'kysely';

/** Stored names, by what they are called before and after: one word for one thing, see docs/glossary.md. */
const jobs = {
  consider: 'assessRequest',
  summarize: 'advise',
  settle: 'settleClick',
  apply: 'applyToIdp',
  deliver: 'deliverToTeam',
  verify: 'verifyInAnypoint',
  tell: 'updateMessages',
  heed: 'processObservations',
  regard: 'evaluatePerson',
  weigh: 'checkMembership',
  survey: 'checkGroup',
  reconcile: 'beginReconcile',
  ask: 'assessMassChange',
  unfold: 'carryOutMassChange',
  offboard: 'advanceOffboarding',
  answer: 'settleCardClick',
  report: 'updateCard',
};

/** Names of fields and values inside documents, as they stand in the text of a jsonb. */
const inDocuments: readonly [string, string][] = [
  ['"seats":', '"slots":'],
  ['"barred":', '"excludedByPolicy":'],
  ['"fates":', '"choices":'],
  ['"fate": "undo"', '"choice": "revert"'],
  ['"fate":', '"choice":'],
  ['"verb": "undo"', '"verb": "revert"'],
  ['"kind": "unrequested"', '"kind": "finding"'],
  ['"kind": "surplus"', '"kind": "excess"'],
  ['"voices":', '"eventSources":'],
];

/** The tables, columns and values that had names of their own get the field's terms. Nothing else changes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table preexisting rename to baseline_members;
    alter table preexisting_in_team rename to baseline_in_team;
    alter table standings rename to person_snapshots;
    alter table person_snapshots rename column regarded_at to evaluated_at;
    alter table observed rename column voice to event_source;
    alter table observed rename column told to payload;
    alter table observed rename column heeded_at to processed_at;
    alter table voice_cursors rename to event_source_cursors;
    alter table event_source_cursors rename column voice to event_source;
    alter table voice_coverage rename to event_source_coverage;
    alter table event_source_coverage rename column voice to event_source;
    alter table person_links rename column is_hearsay to is_unconfirmed;
    alter index observed_unheeded rename to observed_unprocessed;
    alter index preexisting_live_group rename to baseline_members_live_group;
    alter index preexisting_group rename to baseline_members_group;
    alter index preexisting_gone rename to baseline_members_gone;
    alter table reconcile_runs drop constraint reconcile_runs_cause_check;
    update reconcile_runs set cause = 'checkGroup' where cause = 'survey';
    alter table reconcile_runs add constraint reconcile_runs_cause_check
      check (cause in ('sweep', 'checkGroup', 'baseline'));
    update mass_changes set kind = case kind when 'unrequested' then 'finding' when 'surplus' then 'excess' else kind end;
    update mass_change_items set outcome = 'reverted' where outcome = 'undone';
    update observed set outcome = case outcome when 'weighed' then 'checked' when 'regarded' then 'evaluated'
      when 'surveyed' then 'group checked' else outcome end;
  `.execute(db);
  for (const [table, column] of [
    ['mass_changes', 'doc'],
    ['changes', 'doc'],
    ['summaries', 'sheet'],
    ['outbox', 'payload'],
  ] as const)
    for (const [before, after] of inDocuments)
      await sql`update ${sql.table(table)} set ${sql.ref(column)} = replace(${sql.ref(column)}::text, ${before}, ${after})::jsonb
        where strpos(${sql.ref(column)}::text, ${before}) > 0`.execute(db);
  for (const [before, after] of Object.entries(jobs))
    await sql`update outbox set job = ${after}, key = regexp_replace(key, ${`^${before}(?=:|$)`}, ${after}),
      payload = jsonb_set(payload, '{job}', to_jsonb(${after}::text)) where job = ${before}`.execute(db);
}
