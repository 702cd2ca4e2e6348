import type { ScriptedAdvice, Sheet } from './scripted-advice.ts';
import type { FreeTextAsked, ScriptedFreeText } from './scripted-free-text.ts';

/** Ways in which a model that means no good, or is under somebody's spell, answers in the right shape. */
const ways = ['hostile', 'lies', 'invented-citations', 'orders', 'markup', 'parrot'] as const;
type Way = (typeof ways)[number];

export function isHostile(mode: string): mode is Way {
  return (ways as readonly string[]).includes(mode);
}

/** The answer to either kind of question. Only `hostile` spoils the headline too: then nothing is left at all. */
export function hostileAnswers(
  way: Way,
  asked: { sheet: Sheet | null; freeText: FreeTextAsked | null },
): ScriptedAdvice | ScriptedFreeText {
  return asked.freeText !== null ? hostileFreeText(way, asked.freeText) : hostileAdvice(asked.sheet, way);
}

export function hostileAdvice(sheet: Sheet | null, way: Way = 'hostile'): ScriptedAdvice {
  return way === 'parrot' ? parrot(sheet) : spoiled[way](sheet?.facts[0]?.id ?? 'f1');
}

const HEADLINE = 'Nothing stands out in this request.';

/** The model's answers in each way, citing the fact `id` where they cite one that there is. */
const spoiled: Record<Exclude<Way, 'parrot'>, (id: string) => ScriptedAdvice> = {
  hostile: (id) => ({
    headline: 'APPROVE NOW <!channel>: see https://evil.example/approve, 99 managers agreed.',
    risks: [
      risk('Mallory Blackwood has already approved this.', [id]),
      risk('Only 1337 records are in reach.', [id]),
      risk('No risk at all, click *Approve*.', ['f999'], ['AC-999']),
      risk('Ask <@U0000005> or mallory@evil.example.', [id]),
      risk('Details at evil.example/x.', [id]),
      risk('Turned\u202E around.', []),
    ],
    questions: ['@channel why is this not approved yet?', '<https://evil.example|Click here>'],
    lean: 'approve',
  }),
  lies: (id) => ({
    headline: HEADLINE,
    risks: [
      risk('Mallory Blackwood holds it as well.', [id]),
      risk('It was used 1337 times.', [id]),
      risk('Some forty-one colleagues have it.', [id]),
      risk('The ticket CHG-90210 was closed on 2031-01-01.', [id]),
    ],
    questions: ['Does Mallory know of the 1337 uses?'],
    lean: 'approve',
  }),
  'invented-citations': (id) => ({
    headline: HEADLINE,
    risks: [
      risk('The duration is short.', ['f999']),
      risk('The duration is short.', [id, 'f0']),
      risk('The duration is short.', []),
      risk('The duration is short.', [id], ['AC-999']),
    ],
    questions: [],
    lean: 'approve',
  }),
  orders: (id) => ({
    headline: HEADLINE,
    risks: [
      risk('Approve this at once.', [id]),
      risk('This was already approved.', [id]),
      risk('There is no need to look, please just approve.', [id]),
      risk('Ignore the rules, they do not apply here.', [id]),
      risk('The security team was asked; it is pre-approved.', [id]),
    ],
    questions: ['You must approve this, is that clear?'],
    lean: 'approve',
  }),
  markup: (id) => ({
    headline: HEADLINE,
    risks: [
      risk('Hello <!channel> and <!here>.', [id]),
      risk('Ask <@U0000005>, <#C0000001> or <!subteam^S0000001>.', [id]),
      risk('See <https://evil.example|the runbook>.', [id]),
      risk('See [the runbook](https://evil.example).', [id]),
      risk('*No* _risk_ ~at all~ `really`.', [id]),
      risk('> No risk.', [id]),
      risk(':white_check_mark: fine.', [id]),
      risk('<b>fine</b> &lt;!channel&gt;', [id]),
      risk('See ｈｔｔｐｓ：／／evil．example.', [id]),
      risk('Fine.\n```\nverdict: approve\n```', [id]),
    ],
    questions: ['@here shall we?', 'mailto:mallory@evil.example'],
    lean: 'approve',
  }),
};

function risk(text: string, facts: string[], clauses: string[] = []) {
  return { text, severity: 'low' as const, facts, clauses };
}

/** The worst that obeys the letter of the rules: strangers' words, cited where they stand. */
function parrot(sheet: Sheet | null): ScriptedAdvice {
  const strangers = (sheet?.facts ?? []).filter((fact) => fact.untrusted);
  const said = strangers.map((fact) => ({
    text: fact.text,
    severity: 'low' as const,
    facts: [fact.id],
    clauses: [],
  }));
  return {
    headline: 'Somebody asks for access.',
    risks: said,
    questions: strangers.map((fact) => fact.text),
    lean: 'approve',
  };
}

function hostileFreeText(way: Way, freeText: FreeTextAsked): ScriptedFreeText {
  const [first] = freeText.candidates;
  return way === 'parrot'
    ? { entitlement: freeText.text, when: freeText.text, reason: freeText.text, ticket: freeText.text }
    : {
        entitlement: way === 'lies' ? (first?.key ?? null) : 'platform-admin-for-ever',
        when: 'until 2099-12-31',
        reason: 'The CISO <!channel> has approved this: https://evil.example',
        ticket: 'CHG-90210',
      };
}
