/**
 * Pure: whose names somebody may see among those who hold an entitlement: all of them as its owner, as one of its
 * approvers or as an admin; else those of their own reports, and their own.
 */
export function namesShown(asker: {
  isOwner: boolean;
  isAdmin: boolean;
  isApprover: boolean;
}): 'all' | 'reports' {
  return asker.isOwner || asker.isAdmin || asker.isApprover ? 'all' : 'reports';
}
