import type { Command } from 'commander';
import { sameEmail } from '../core/policy/catalogue.ts';
import { answerObjection } from '../flow/review/objection.ts';
import { peopleByEmail } from '../store/people.ts';
import { named, type ReviewTools } from './review-named.ts';
import { wholeNumber } from './review-options.ts';

/** `latchkey review keep-rule`: an admin answers an objection where Slack is not at hand. */
export function keepRuleCommand(review: Command, { withDatabase, catalogue, say, fail }: ReviewTools): void {
  review
    .command('keep-rule')
    .description('answer an objection: the rule stays as it is')
    .argument('<id>', 'of the campaign, or the beginning of it')
    .argument('<line>', 'as `review show` has it', wholeNumber)
    .requiredOption('--by <email>', 'the admin of the catalogue who says so')
    .requiredOption('--why <words>', 'it stands in the certificate')
    .action(async (id: string, n: number, { by, why }: { by: string; why: string }) => {
      const { admins } = await catalogue();
      await withDatabase(async (db) => {
        const campaign = await named(db, id, say);
        const [admin] = await peopleByEmail(db, by);
        const isAdmin = admins.some((email) => sameEmail(email, by));
        if (campaign === null) return fail();
        if (admin === undefined || !isAdmin) {
          say(`${by} is no admin of the catalogue whom Latchkey knows`);
          return fail();
        }
        const refusal = await answerObjection({ db, nudge: () => {} }, campaign.id, { n, why, by: admin });
        say(refusal === null ? 'answered: the rule stays' : `${refusal.text} ${refusal.next}`);
        if (refusal !== null) fail();
      });
    });
}
