import type { GraphSettings } from '../idp/entra/graph-session.ts';
import type { OidcSettings } from '../idp/oidc.ts';
import type { ConnectedIdp } from '../idp/vendor.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import type { TicketSettings } from '../tickets/http-tickets.ts';

/** How to reach the outside world. */
export type Outside = {
  slack: { botToken: GivenSecret; apiUrl: string } & (
    | { signingSecret: GivenSecret }
    | { appToken: GivenSecret }
  );
  /** At least one, in the order in which they are asked. */
  idps: readonly ConnectedIdp[];
  /** `signInUrl`: where people sign in; left out: at the control plane's own page. */
  anypoint: { url: string; signInUrl?: string; orgId: string; clientId: string; clientSecret: GivenSecret };
  model: { apiKey: GivenSecret; baseUrl: string | null; model: string } | null;
  /** Entra beside the IdP; null: it does not tell. */
  graph: GraphSettings | null;
  /** Whose Security Event Tokens are taken; null: nobody's. */
  sets: { issuers: readonly { issuer: string; jwksUrl: string }[]; audience: string } | null;
  /** Where approvers sign in afresh; null: nowhere, and what policy wants it for can't be approved. */
  oidc: OidcSettings | null;
  /** Where tickets are kept; left out: nobody can be asked. */
  tickets?: TicketSettings;
  scimToken: GivenSecret;
};

/** Settings that only an installation for real needs. With none of them set, `npm start` is the sandbox. */
export const outsideHints = {
  SLACK_BOT_TOKEN: 'the bot token (xoxb-…), Slack app page, OAuth & Permissions',
  SLACK_SIGNING_SECRET:
    'the signing secret, Slack app page, Basic Information (or SLACK_APP_TOKEN for Socket Mode)',
  SLACK_APP_TOKEN: 'an app-level token (xapp-…) with connections:write, for Socket Mode',
  SLACK_API_URL: 'only for a Slack other than slack.com',
  ANYPOINT_URL: 'e.g. https://eu1.anypoint.mulesoft.com',
  ANYPOINT_SIGN_IN_URL: 'where people sign in to Anypoint, if not at ANYPOINT_URL/login',
  ANYPOINT_ORG_ID: 'the root organisation’s id, Access Management, Business Groups',
  ANYPOINT_CLIENT_ID: 'the connected app’s client id',
  ANYPOINT_CLIENT_SECRET: 'the connected app’s client secret',
  GRAPH_TENANT_ID: 'the Entra tenant’s id, for change notifications of Microsoft Graph',
  GRAPH_CLIENT_ID: 'the app registration’s client id, with GRAPH_TENANT_ID',
  GRAPH_CLIENT_SECRET: 'the app registration’s client secret, with GRAPH_TENANT_ID',
  GRAPH_URL: 'only for a national cloud',
  GRAPH_LOGIN_URL: 'only for a national cloud',
  SET_ISSUERS: 'issuer=address of its JWK Set, several with a comma between, or a JSON object of them',
  SET_AUDIENCE: 'what the Security Event Tokens for us have as aud, with SET_ISSUERS',
  OIDC_ISSUER: 'where approvers sign in afresh when policy asks for it, e.g. https://acme.okta.com',
  OIDC_CLIENT_ID: 'the client id of the OIDC web app for it, with OIDC_ISSUER',
  OIDC_CLIENT_SECRET: 'its client secret, with OIDC_ISSUER',
  OIDC_ACR_VALUES: 'levels of which a sign-in has to reach one, with a space between, or `any`',
  OIDC_SUBJECT_CLAIM: 'the claim with the identity provider’s id of a person, if it is not sub',
  TICKETS_URL: 'where tickets are kept, e.g. https://acme.atlassian.net, or with {ticket} where its key goes',
  TICKETS_KIND:
    'jira, servicenow or github, which says how its answers are read; left out: by TICKETS_STATUS and TICKETS_CLOSED',
  TICKETS_TOKEN: 'the token that reads tickets, with TICKETS_URL',
  TICKETS_USER: 'the user name that goes with TICKETS_TOKEN, where it takes one',
  TICKETS_NAME: 'what people call it',
  TICKETS_STATUS: 'where the status is in its answer, e.g. fields.status.name',
  TICKETS_CLOSED: 'the values of the status that mean closed, with a comma between',
  TICKETS_TITLE: 'where the title is in its answer',
  TICKETS_ASSIGNEE: 'where the name of whoever works on it is in its answer',
  SCIM_TOKEN: 'a long random bearer token that you also give to the identity provider’s SCIM app',
  PUBLIC_URL:
    'the address under which Slack and the identity provider reach Latchkey; the sandbox is on loopback only',
  READ_TOKEN: 'the bearer token of /api/changes and /metrics; the sandbox has one of its own',
} as const;
