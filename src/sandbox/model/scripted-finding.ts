import { injections, type ScriptedAdvice, type Sheet } from './scripted-advice.ts';

const RISKS_MAX = 3;
const severityOrder = { high: 0, medium: 1, low: 2 } as const;

/** Whether the sheet is of what was found in the directory and not of a request. */
export function isFinding(sheet: Sheet): boolean {
  return sheet.facts.some((f) => f.label === 'found');
}

/** The scripted model's advice on a finding: the same for the same sheet. It looks facts up by their labels. */
export function scriptedFinding(sheet: Sheet): ScriptedAdvice {
  const fact = (label: string) => sheet.facts.find((f) => f.label === label) ?? null;
  const text = (label: string) => fact(label)?.text ?? '';
  const clauses = (word: RegExp) => sheet.clauses.filter((c) => word.test(c.text)).map((c) => c.id);
  const risks: ScriptedAdvice['risks'] = [];
  const questions: string[] = [];
  const add = (
    severity: ScriptedAdvice['risks'][number]['severity'],
    sentence: string,
    labels: string[],
    cited: string[] = [],
  ) => {
    const facts = labels.flatMap((label) => fact(label)?.id ?? []);
    if (facts.length > 0) risks.push({ text: sentence, severity, facts, clauses: cited });
  };

  const isLoss = /taken out/.test(text('found'));
  const isReview = /^an access review/.test(text('found'));
  const isMany = /^\d/.test(text('found'));
  const isSensitive = /^(?:high|critical)$/.test(text('tier'));
  risks.push(...injections(sheet));
  if (isMany)
    add(
      'high',
      'So many at once look like a rule or an import gone wrong.',
      ['found'],
      clauses(/many|mass/i),
    );
  if (isSensitive && !isLoss && fact('approved') === null)
    add(
      'high',
      'What it gives is of a sensitive tier, and nobody approved it.',
      ['tier', 'found'],
      clauses(/tier/i),
    );
  if (/deprovisioned|suspended|inactive|not active/.test(text('people')))
    add('high', 'Not everybody it is about is active any more.', ['people']);
  if (/not (?:open|allow)|is not active|longer than/.test(text('verdict')))
    add('medium', 'By policy it may not be held as it is.', ['verdict'], clauses(/department|role|tier/i));
  if (text('earlier findings') !== '' && text('earlier findings') !== 'none')
    add('medium', 'The same was found before.', ['earlier findings']);
  if (text('who did it') === 'not known') {
    add('low', 'It is not known who did it.', ['who did it']);
    questions.push('Who made this change, and what for?');
  } else if (fact('who did it') !== null)
    questions.push('Was this change meant, and is there a ticket for it?');
  if (fact('conflicts') !== null) add('high', 'It must be kept apart from what they have.', ['conflicts']);
  if (fact('held') !== null && !isReview) questions.push('Is any of it still needed for a handover?');

  const kept = risks
    .sort((a, b) => severityOrder[a.severity] - severityOrder[b.severity])
    .slice(0, RISKS_MAX);
  const isHigh = kept[0]?.severity === 'high';
  if (isReview)
    return {
      headline:
        kept.length === 0
          ? 'Nothing in the facts speaks against keeping it.'
          : 'Look at this one before you keep it.',
      risks: kept,
      questions,
      lean: isHigh ? 'deny' : kept.length === 0 ? 'approve' : 'ask more',
    };
  return {
    headline: headlineOf(isMany, isLoss, fact('held') !== null),
    risks: kept,
    questions,
    lean: isLoss ? 'ask more' : isHigh ? 'deny' : 'ask more',
  };
}

function headlineOf(isMany: boolean, isLoss: boolean, isMove: boolean): string {
  if (isMove) return 'A person moved and still holds access from before.';
  if (isLoss)
    return isMany
      ? 'Many people were taken out of a group although access was granted.'
      : 'Somebody was taken out of a group although access was granted.';
  return isMany
    ? 'Many people are in a group that nobody asked for.'
    : 'Somebody is in a group and nobody asked for it.';
}
