import { X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { entraApp } from './token.ts';

/** Clocks may differ by so much; msal-node begins an assertion up to a second in the future. */
const SKEW_SECONDS = 300;

type Trouble = { code: number; text: string };

/** What an app registration may prove itself with; each kind is in force beside the others while it is changed. */
export class AppCredentials {
  secrets: readonly string[] = [entraApp.clientSecret];
  /** PEM. */
  certificates: readonly string[] = [];
  /** Another issuer whose tokens for this subject are taken (workload identity); `publicKey`: PEM, RS256. */
  federated: { issuer: string; subject: string; publicKey: string } | null = null;

  reset(): void {
    this.secrets = [entraApp.clientSecret];
    this.certificates = [];
    this.federated = null;
  }

  /** Null: it is the app. */
  async troubleOf(form: URLSearchParams): Promise<Trouble | null> {
    const secret = form.get('client_secret');
    if (secret !== null)
      return this.secrets.includes(secret)
        ? null
        : { code: 7000215, text: 'Invalid client secret provided.' };
    const assertion = form.get('client_assertion');
    if (
      assertion === null ||
      form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    )
      return {
        code: 7000218,
        text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
      };
    try {
      const thumbprint = decodeProtectedHeader(assertion)['x5t#S256'];
      return typeof thumbprint === 'string'
        ? await this.#certified(assertion, thumbprint)
        : await this.#federatedTrouble(assertion);
    } catch {
      return { code: 50027, text: 'JWT token is invalid or malformed.' };
    }
  }

  async #certified(assertion: string, thumbprint: string): Promise<Trouble | null> {
    const certificate = this.certificates
      .map((pem) => new X509Certificate(pem))
      .find(({ fingerprint256 }) => {
        const bytes = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex');
        return bytes.toString('base64url') === thumbprint;
      });
    if (certificate === undefined)
      return {
        code: 700027,
        text: 'The certificate with identifier used to sign the client assertion is not registered on application.',
      };
    await jwtVerify(assertion, certificate.publicKey, {
      algorithms: ['PS256'],
      issuer: entraApp.clientId,
      subject: entraApp.clientId,
      clockTolerance: SKEW_SECONDS,
    });
    return null;
  }

  async #federatedTrouble(assertion: string): Promise<Trouble | null> {
    if (this.federated === null)
      return { code: 700213, text: 'No matching federated identity record found for presented assertion.' };
    const { issuer, subject, publicKey } = this.federated;
    await jwtVerify(assertion, await importSPKI(publicKey, 'RS256'), {
      issuer,
      subject,
      audience: 'api://AzureADTokenExchange',
      clockTolerance: SKEW_SECONDS,
    });
    return null;
  }
}
