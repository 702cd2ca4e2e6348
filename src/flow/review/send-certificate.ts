import { verify } from '../../audit/sign.ts';
import { Fault } from '../../core/fault.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { type Certificate, certificateCsv } from '../../core/review/certificate.ts';
import type { Person } from '../../store/people.ts';
import { readCertificate } from '../../store/review-certificates.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

/**
 * Sends the certificate of a closed campaign to an admin, as a table and as the signed document. The caller has looked
 * up that they are one. Safe to run twice: they have it twice then. Who had it sent is in the audit.
 */
export async function sendCertificate(
  context: Pick<Context, 'db' | 'messenger' | 'chat' | 'nudge'>,
  campaignId: string,
  to: { account: string; person: Person },
): Promise<Refusal | null> {
  const kept = await readCertificate(context.db, campaignId);
  if (kept === null)
    return refuse(
      'notReady',
      'There is no certificate of this review yet.',
      'It is made when the review closes.',
    );
  const checked = await verify(context.db, kept.jws);
  if (!checked.isRight)
    throw new Fault('bug.invariant', `the certificate of ${campaignId} is not right: ${checked.why}`, {
      retryable: false,
    });
  const certificate = JSON.parse(checked.document) as Certificate;
  const name = `access-review-${campaignId.slice(0, 8)}`;
  await commit(
    context.db,
    async (unit) => ({
      result: null,
      notes: [
        {
          type: 'certificateSent',
          changeId: null,
          at: unit.now,
          actor: { person: to.person.id, name: to.person.name },
          data: { campaignId, sha256: kept.sha256 },
        },
      ],
    }),
    context.nudge,
  );
  const words = `The certificate of the access review ${certificate.campaign.name}: the lines as a table, and the signed document. \`npm run latchkey -- review verify\` checks the signature of the second.`;
  const isThere = await context.messenger.sendFiles(to.account, words, [
    { name: `${name}.csv`, text: certificateCsv(certificate) },
    { name: `${name}.json`, text: `${kept.jws}\n` },
  ]);
  return isThere
    ? null
    : refuse(
        'notReady',
        `${context.chat.name} takes no direct message to you.`,
        `Take it at the command line: \`npm run latchkey -- review certificate ${campaignId.slice(0, 8)} --csv\`.`,
      );
}
