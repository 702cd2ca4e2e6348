import { X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, errors, importSPKI, jwtVerify } from 'jose';
import { entraApp } from './token.ts';

/** Clocks may differ by so much; msal-node begins an assertion up to a second in the future. */
const SKEW_SECONDS = 300;

/** Which of the claims no federated credential of the app has (Azure/azure-workload-identity#1200, Azure/login#482). */
const NO_RECORD_FOR = {
  iss: { code: 700211, what: 'issuer' },
  aud: { code: 700212, what: 'audience' },
  sub: { code: 700213, what: 'subject' },
} as const;

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
    try {
      await jwtVerify(assertion, await importSPKI(publicKey, 'RS256'), {
        issuer,
        subject,
        audience: 'api://AzureADTokenExchange',
        clockTolerance: SKEW_SECONDS,
      });
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        return { code: 700024, text: 'Client assertion is not within its valid time range.' };
      if (!(error instanceof errors.JWTClaimValidationFailed)) throw error;
      const claim = error.claim in NO_RECORD_FOR ? error.claim : 'sub';
      const { code, what } = NO_RECORD_FOR[claim as keyof typeof NO_RECORD_FOR];
      return {
        code,
        text: `No matching federated identity record found for presented assertion ${what} '${String(error.payload[claim])}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
      };
    }
    return null;
  }
}
