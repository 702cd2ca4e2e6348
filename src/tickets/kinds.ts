/**
 * How the answer of a ticket system is read. Each is the way to a value within the JSON, names and places with a dot
 * between: `fields.status.name`, `result.0.state`.
 */
export type TicketPaths = {
  /** Tells open from closed. */
  status: string;
  /** The status in the words that people know; left out: the same. */
  shown?: string;
  title?: string;
  assignee?: string;
  /** The ticket's own key. Where it is told, it has to be the one that was asked for. */
  key?: string;
};

/** A kind of ticket system, known to us. */
type TicketKind = {
  name: string;
  /** Behind the base address, with the ticket's place in it. */
  path: string;
  paths: TicketPaths;
  /** Values of the status that mean closed. */
  closed: readonly string[];
  /** Behind the base address: answers only to good credentials. Left out: a ticket that is not there is read. */
  checkPath?: string;
};

export const kindNames = ['jira', 'servicenow', 'github'] as const;

export const ticketKinds: Record<(typeof kindNames)[number], TicketKind> = {
  /** Jira Cloud, REST API 3: every status is of one of three categories, and `done` is the last. */
  jira: {
    name: 'Jira',
    path: '/rest/api/3/issue/{ticket}?fields=status,summary,assignee',
    paths: {
      status: 'fields.status.statusCategory.key',
      shown: 'fields.status.name',
      title: 'fields.summary',
      assignee: 'fields.assignee.displayName',
    },
    closed: ['done'],
    // An issue answers 404, and not 401, to whoever is not known.
    checkPath: '/rest/api/3/myself',
  },
  /**
   * ServiceNow, Table API: incidents, changes and requests are tasks. The numbers of their states differ from one to
   * the other; none is active once it is closed or cancelled.
   */
  servicenow: {
    name: 'ServiceNow',
    path: '/api/now/table/task?sysparm_query=number={ticket}&sysparm_fields=number,active,state,short_description,assigned_to&sysparm_display_value=all&sysparm_limit=1',
    paths: {
      status: 'result.0.active.value',
      shown: 'result.0.state.display_value',
      title: 'result.0.short_description.display_value',
      assignee: 'result.0.assigned_to.display_value',
      key: 'result.0.number.value',
    },
    closed: ['false'],
  },
  /** GitHub's issues, of the repository that the base address ends with. */
  github: {
    name: 'GitHub',
    path: '/issues/{number}',
    paths: { status: 'state', title: 'title', assignee: 'assignee.login', key: 'number' },
    closed: ['closed'],
  },
};
