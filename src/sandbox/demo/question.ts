import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Something is odd with the refunds';
const TEAM = 'Payments API readers';

const on = (m: SeenMessage, part: string) => JSON.stringify(m.blocks).includes(part);

/** An approver asks back; who asked answers in their own message, and everybody reads both on the card. */
export const question: Journey = {
  name: 'asked back before deciding',
  async run(visitor, say) {
    const asked = await visitor.ask('ines', {
      entitlement: 'payments-api-read',
      seconds: 3_600,
      reason: REASON,
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('tom', (m) => on(m, REASON));
    await visitor.clickAndFill('tom', card, 'question_ask', { words: { words: 'Which refund is it?' } });
    const note = await visitor.until('Ines reads the question', async () =>
      (await visitor.messages('ines', 'dm')).find(
        (m) => m.text.includes('asks about your request') && on(m, 'Which refund is it?'),
      ),
    );
    say('Ines asks with little to go by. Tom presses Ask…, and she reads his question', { text: note.text });

    await visitor.clickAndFill('ines', note, 'question_answer', {
      words: { words: 'Number 4711, INC-4711' },
    });
    const answered = await visitor.receives(
      'tom',
      'the answer',
      (m) => m.text.includes('answers') && on(m, 'Number 4711'),
      'access-requests',
    );
    await visitor.card('olga', (m) => on(m, REASON) && on(m, 'Which refund is it?') && on(m, 'Number 4711'));
    say('She answers; question and answer stand on the card, and Tom is told', { text: answered.text });

    await visitor.click('tom', card, 'approve');
    await visitor.until('Anypoint has her', () => visitor.isInTeam('ines', TEAM), 75_000);
    say('He approves, and Anypoint has her in the team');
  },
};
