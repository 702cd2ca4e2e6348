/**
 * Pure: whose names a person may see among the holders of an entitlement. Its owner, its approvers and the admins see
 * all names. Everybody else sees their own reports and themselves.
 */
export function namesShown(asker: {
  isOwner: boolean;
  isAdmin: boolean;
  isApprover: boolean;
}): 'all' | 'reports' {
  return asker.isOwner || asker.isAdmin || asker.isApprover ? 'all' : 'reports';
}
