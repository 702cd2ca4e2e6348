/** Things that the sandbox has on purpose and a newcomer may take for a mistake. Each is said where it is seen. */

/** By the key of the entitlement. */
export const refusedOnPurpose: Readonly<Record<string, string>> = {
  'everyone-view':
    'It shows what a refused entitlement looks like: a rule fills its group, so Latchkey does not offer it.',
};

/** By the name of the group that such an entitlement has. */
export const refusedGroups: Readonly<Record<string, string>> = {
  'anypoint-everyone-view': 'A rule fills it, so Latchkey refuses to offer it.',
};

/** Of the requests in past-requests.ts. */
export const madeUpBefore = 'What is older than this sandbox is made up.';

/** With what it is for. Code stands between backquotes. */
export const historyInWords = `${madeUpBefore} By it a card can say how often somebody had an access before, and \`npm run latchkey -- policy replay\` has decisions to judge. Nobody holds anything by it.`;

/** For the terminal. `notOffered`: keys of the entitlements that can't be asked for now. */
export function onPurposeInWords(notOffered: readonly string[]): string[] {
  const refused = notOffered.flatMap((key) => {
    const why = refusedOnPurpose[key];
    return why === undefined ? [] : [[key, why] as const];
  });
  const rows = [...refused, ['history', historyInWords] as const];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    'Here on purpose, and nothing is broken:',
    ...rows.map(([name, why]) => `  ${name.padEnd(width)}  ${why}`),
  ];
}
