/** What the approvers of a row are asked by: the names of `plans` in the test beside. */
export type PlanOfRow =
  | 'any'
  | 'two'
  | 'all'
  | 'ofGroup'
  | 'groupOr'
  | 'staged'
  | 'sameTwice'
  | 'shared'
  | 'climbed'
  | 'climbedAll'
  | 'climbedTwo'
  | 'nobody'
  | 'told'
  | 'notInChat'
  | 'twoNotInChat';

/** `before`: who has approved, `name` or `name@stage`. Verdict: `decides`, `counts`, `denies`, `opens` the next stage; else the refusal's reason. */
export type Row = [plan: PlanOfRow, before: string, who: string, does: 'approve' | 'deny', verdict: string];

export const rows: Row[] = [
  // Any one of them.
  ['any', '', 'tom', 'approve', 'decides'],
  ['any', '', 'olga', 'approve', 'decides'],
  ['any', '', 'sam', 'approve', 'notAnApprover'],
  ['any', '', 'ines', 'approve', 'selfApproval'],
  ['any', '', 'erik', 'approve', 'selfApproval'],
  ['any', '', 'tom', 'deny', 'denies'],
  ['any', '', 'olga', 'deny', 'denies'],
  ['any', '', 'sam', 'deny', 'notAnApprover'],
  ['any', '', 'ines', 'deny', 'selfApproval'],
  ['any', '', 'erik', 'deny', 'selfApproval'],
  // Two of them.
  ['two', '', 'tom', 'approve', 'counts'],
  ['two', 'tom', 'tom', 'approve', 'alreadyApprovedByYou'],
  ['two', 'tom', 'olga', 'approve', 'decides'],
  ['two', 'tom', 'sam', 'approve', 'decides'],
  ['two', 'tom', 'kim', 'approve', 'notAnApprover'],
  ['two', 'tom', 'tom', 'deny', 'denies'],
  ['two', 'tom', 'olga', 'deny', 'denies'],
  ['two', 'kim', 'olga', 'approve', 'counts'],
  // One from each source.
  ['all', '', 'tom', 'approve', 'counts'],
  ['all', 'tom', 'olga', 'approve', 'decides'],
  ['all', 'olga', 'tom', 'approve', 'decides'],
  ['all', 'olga', 'olga', 'approve', 'alreadyApprovedByYou'],
  ['all', 'olga', 'sam', 'approve', 'notAnApprover'],
  ['all', 'olga', 'tom', 'deny', 'denies'],
  // The owner, and two of a group.
  ['ofGroup', '', 'olga', 'approve', 'counts'],
  ['ofGroup', 'olga', 'sam', 'approve', 'counts'],
  ['ofGroup', 'olga sam', 'sofia', 'approve', 'decides'],
  ['ofGroup', 'sam sofia', 'kim', 'approve', 'counts'],
  ['ofGroup', 'sam sofia kim', 'olga', 'approve', 'decides'],
  ['ofGroup', 'olga sam', 'sam', 'approve', 'alreadyApprovedByYou'],
  // The manager, or two of a group.
  ['groupOr', '', 'tom', 'approve', 'decides'],
  ['groupOr', '', 'sam', 'approve', 'counts'],
  ['groupOr', 'sam', 'sofia', 'approve', 'decides'],
  ['groupOr', 'sam', 'tom', 'approve', 'decides'],
  // The manager, and then two of a group.
  ['staged', '', 'tom', 'approve', 'opens'],
  ['staged', '', 'olga', 'approve', 'notYourTurn'],
  ['staged', '', 'olga', 'deny', 'notYourTurn'],
  ['staged', '', 'tom', 'deny', 'denies'],
  ['staged', '', 'kim', 'approve', 'notAnApprover'],
  ['staged', 'tom', 'olga', 'approve', 'counts'],
  ['staged', 'tom', 'tom', 'approve', 'alreadyApprovedByYou'],
  ['staged', 'tom', 'tom', 'deny', 'denies'],
  ['staged', 'tom', 'sofia', 'deny', 'denies'],
  ['staged', 'tom olga@1', 'sam', 'approve', 'decides'],
  ['staged', 'tom olga@1', 'olga', 'approve', 'alreadyApprovedByYou'],
  ['staged', 'tom olga@1', 'ines', 'approve', 'selfApproval'],
  // The person who approved before has left, and somebody else of the first stage is asked again.
  ['staged', 'kim olga@1', 'tom', 'approve', 'opens'],
  ['staged', 'kim olga@1 sam@1', 'tom', 'approve', 'decides'],
  // In both stages, and counted in one.
  ['sameTwice', '', 'olga', 'approve', 'opens'],
  ['sameTwice', 'olga', 'olga', 'approve', 'alreadyApprovedByYou'],
  ['sameTwice', 'olga', 'sam', 'approve', 'decides'],
  ['sameTwice', 'olga', 'tom', 'approve', 'alreadySettled'],
  ['sameTwice', 'tom', 'olga', 'approve', 'decides'],
  // The same person may count in both.
  ['shared', '', 'tom', 'approve', 'decides'],
  ['shared', '', 'olga', 'approve', 'notYourTurn'],
  // The ladder was climbed.
  ['climbed', '', 'tom', 'approve', 'decides'],
  ['climbed', '', 'olga', 'approve', 'decides'],
  ['climbed', '', 'olga', 'deny', 'denies'],
  ['climbed', '', 'sam', 'approve', 'notAnApprover'],
  ['climbedAll', '', 'sam', 'approve', 'counts'],
  ['climbedAll', 'tom', 'sam', 'approve', 'decides'],
  ['climbedAll', 'sam', 'sofia', 'approve', 'decides'],
  ['climbedAll', 'sam', 'olga', 'approve', 'decides'],
  ['climbedTwo', '', 'olga', 'approve', 'counts'],
  ['climbedTwo', 'olga', 'tom', 'approve', 'decides'],
  // Nobody is left.
  ['nobody', '', 'tom', 'approve', 'notAnApprover'],
  ['nobody', '', 'ines', 'approve', 'selfApproval'],
  // Somebody is only told of it.
  ['told', '', 'sam', 'approve', 'notAnApprover'],
  ['told', '', 'sam', 'deny', 'notAnApprover'],
  ['told', '', 'tom', 'approve', 'decides'],
  ['told', '', 'tom', 'deny', 'denies'],
  // Those who are asked are not in chat, so the admins are asked too.
  ['notInChat', '', 'sofia', 'approve', 'decides'],
  ['notInChat', '', 'sofia', 'deny', 'denies'],
  ['notInChat', '', 'tom', 'approve', 'decides'],
  ['notInChat', '', 'sam', 'approve', 'notAnApprover'],
  ['twoNotInChat', '', 'sofia', 'approve', 'counts'],
  ['twoNotInChat', 'sofia', 'olga', 'approve', 'decides'],
];
