/** Words that a text of the model may write with a capital though no fact does: they name no person and no event. */

/** Two-letter codes of ISO 639-1; what these languages are called in English comes from the runtime's own data. */
const LANGUAGES =
  'af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko ky la lb lo lt lv mi mk ml mn mr ms mt my nb ne nl nn no or pa pl ps pt ro ru sa sd si sk sl so sq sr sv sw ta te tg th tk tl tr uk ur uz vi yi zh zu';

/** Words at hand in this product's world: the parties, their parts, and the trade's usual short forms. */
const TRADE =
  'API APIs Anypoint MuleSoft Mule CloudHub Exchange Latchkey Okta Entra Azure Microsoft Graph Salesforce Slack Jira ServiceNow GitHub ' +
  'IdP IdPs SSO SAML OIDC OAuth MFA SCIM SET CAEP RISC JWT HTTP HTTPS REST SOAP GraphQL gRPC TLS VPN DNS IP URL URLs URI ' +
  'JSON XML CSV YAML SQL HTML PDF Base64 Unicode ASCII UTF Markdown Morse Braille Latin Cyrillic Caesar ' +
  'ID IDs UI CLI SDK CI CD SLA SLO RBAC PII GDPR PCI HIPAA SOX SOC ISO UTC IT HR QA UAT DLQ CPU RAM AI LLM I';

/** English names of languages, each word by itself. */
function languageNames(): string[] {
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return LANGUAGES.split(' ').flatMap((code) => names.of(code)?.match(/[\p{L}]+/gu) ?? []);
}

export const knownWords: ReadonlySet<string> = new Set([
  ...TRADE.split(' '),
  ...languageNames(),
  'Farsi',
  'Mandarin',
]);
