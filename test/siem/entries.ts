import type { ExportedEntry } from '../../src/ports/audit-destination.ts';

type Given = { seq?: number; type?: string; changeId?: string | null; data?: object; actor?: object };

/** An entry of the audit as it is sent. */
export function entry({
  seq = 7,
  type = 'changeApproved',
  changeId = null,
  data = {},
  actor = { person: 'p-tom', name: 'Tom Okafor' },
}: Given): ExportedEntry {
  return {
    seq,
    id: String(seq + 1_000),
    at: new Date('2026-03-01T09:30:00.250Z'),
    type,
    changeId,
    actor: JSON.stringify(actor),
    data: JSON.stringify(data),
    about:
      changeId === null
        ? null
        : {
            entitlement: 'orders-read',
            person: { id: 'p-ines', name: 'Ines Moreau', email: 'ines@acme.example' },
            target: {
              idp: 'okta',
              groupId: '00g1',
              groupName: 'anypoint-orders-read',
              teamId: 'team-1',
              teamName: 'Orders API readers',
            },
          },
  };
}

export function entries(count: number, of: (n: number) => Given = () => ({})): ExportedEntry[] {
  return Array.from({ length: count }, (_, n) => entry({ seq: n + 1, ...of(n) }));
}
