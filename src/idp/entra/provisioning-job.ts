import { z } from 'zod';
import type { ProvisioningTrouble } from '../../core/provisioning-trouble.ts';
import { oneLine } from '../../core/storable.ts';
import { clipped } from '../../core/text.ts';

const errorSchema = z.object({ code: z.string().nullish(), message: z.string().nullish() });

/** A synchronizationJob of Graph, as far as it is looked at. */
export const jobSchema = z.object({
  id: z.string().min(1),
  schedule: z.object({ state: z.string().nullish() }).nullish(),
  status: z
    .object({
      code: z.string().nullish(),
      quarantine: z
        .object({
          currentBegan: z.string().nullish(),
          seriesBegan: z.string().nullish(),
          reason: z.string().nullish(),
          error: errorSchema.nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
export type SyncJob = z.infer<typeof jobSchema>;
type Quarantine = NonNullable<NonNullable<SyncJob['status']>['quarantine']>;

/** Of what Entra says, no more is told on. */
const SAID_MAX = 300;
/** Graph's way to say that a time is not set. */
const NO_TIME = '0001-01-01';

const RESTART = 'then Restart provisioning in the enterprise app';
const MEND = `mend what it says (the enterprise app’s Provisioning logs have each failure), ${RESTART}; after four weeks in quarantine Entra switches the job off`;
const TOKEN = `put the tenant URL and a SCIM token that is active into the enterprise app’s Provisioning and press Test Connection, ${RESTART}`;

/** By quarantineReason, where it asks for something else than to mend what failed. */
const nextByReason: Readonly<Record<string, string>> = {
  TooManyDeletes:
    'it would take away more than its limit of accidental deletions lets through: look in the enterprise app’s Provisioning whether they are meant, and Allow deletes if they are; if not, put back in Entra what was taken out',
  QuarantinedOnDemand: `somebody put it there: ask in your directory team why, ${RESTART}`,
};

/** Pure: why a job carries nothing at all; null: it works. `job` null: there is none. */
export function troubleOfJob(job: SyncJob | null): ProvisioningTrouble | null {
  if (job === null)
    return trouble(
      'the enterprise app has no provisioning job',
      'set up provisioning to Latchkey there, and Start provisioning',
    );
  const { status } = job;
  const code = status?.code?.toLowerCase();
  const quarantine = status?.quarantine ?? null;
  if (code === 'quarantine' || quarantine !== null) return quarantined(quarantine);
  if (code === 'notconfigured')
    return trouble(
      'its provisioning job is not set up',
      'set the tenant URL, the SCIM token and the mapping',
    );
  const state = job.schedule?.state ?? 'Active';
  if (state !== 'Active' || code === 'paused')
    return trouble(
      'its provisioning job is switched off',
      'Start provisioning in the enterprise app, unless somebody stopped it on purpose',
    );
  return null;
}

/** The enterprise app that is named does not exist. */
export const noSuchApp: ProvisioningTrouble = trouble(
  'there is no such enterprise app',
  'set ENTRA_PROVISIONING_APP to the object id of the enterprise app that provisions to Latchkey',
);

function quarantined(quarantine: Quarantine | null): ProvisioningTrouble {
  const { reason, error } = quarantine ?? {};
  const isRefused = /credential/i.test(error?.code ?? '');
  return {
    what: 'its provisioning job is in quarantine',
    // The current one begins anew each time that Entra looks; the series does not.
    since: timeOf(quarantine?.seriesBegan) ?? timeOf(quarantine?.currentBegan),
    said: said(error?.message) ?? said(error?.code) ?? said(reason),
    next: nextByReason[reason ?? ''] ?? (isRefused ? TOKEN : MEND),
  };
}

function said(text: string | null | undefined): string | null {
  return clipped(oneLine(text ?? ''), SAID_MAX) || null;
}

function timeOf(text: string | null | undefined): Date | null {
  if (text == null || text.startsWith(NO_TIME)) return null;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? null : time;
}

function trouble(what: string, next: string): ProvisioningTrouble {
  return { what, since: null, said: null, next };
}
