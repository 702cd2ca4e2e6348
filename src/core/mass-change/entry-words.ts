import type { MassChangeEvent, MassItemAnswer } from './mass-change.ts';
import { figure } from './words.ts';

/** The audit entries of a mass change in words. */
export const massEntryWords: {
  [T in MassChangeEvent['type']]: (event: Extract<MassChangeEvent, { type: T }>) => string;
} = {
  massOpened: () => 'Many at once: put on one card',
  massGrew: ({ items }) => `${figure(items.length)} put on the card`,
  massShrank: ({ keys, why }) => `${figure(keys.length)} taken off the card: ${why}`,
  massMoved: () => 'Moved again before anybody decided',
  massAsked: () => 'Put to the approvers',
  massReminded: () => 'Approvers reminded',
  massAnswered: ({ answer }) => `${answer.byName} answered: ${answer.verb}`,
  massItemsAnswered: ({ answer }) => `${answer.byName} answered for single people: ${singlesIn(answer)}`,
  massItemsDecided: ({ decision }) => `Decided for single people: ${singlesIn(decision)}`,
  massDecided: () => 'Decided for all on the card: each goes on its way',
  massClosed: ({ why }) => `Closed undecided: ${why}`,
  massReopened: ({ by }) => `Asked anew: ${by.name}, who kept it, is the one who did it`,
  massDone: () => 'All of it seen in MuleSoft',
};

/** `2 left, 1 not left`. */
function singlesIn({ choices }: MassItemAnswer): string {
  const left = choices.filter(({ choice }) => choice === 'revert').length;
  return `${left} left, ${choices.length - left} not left`;
}
