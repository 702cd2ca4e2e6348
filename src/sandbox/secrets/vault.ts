import { createHash, randomUUID } from 'node:crypto';

/** An error as AWS Secrets Manager answers it: 400, whatever it is about, and 500 for a fault of its own. */
export class SecretsError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
    this.status = type === 'InternalServiceError' ? 500 : 400;
  }
}

export type Stage = string;
type Content = { SecretString?: string; SecretBinary?: string };
/** `content` null: an AWSPENDING that a rotation has made, and that holds nothing yet. */
type Kept = { id: string; content: Content | null; createdAt: Date; stages: Set<Stage> };
type Stored = {
  name: string;
  arn: string;
  versions: Map<string, Kept>;
  deletedAt: Date | null;
  /** The KMS key is disabled, or ours no more. */
  isUndecryptable: boolean;
};

const ACCOUNT = '123456789012';
/** What names may be made of (API reference, CreateSecret). */
const NAME = /^[\w/+=.@!-]{1,512}$/;

const notFound = () =>
  new SecretsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

/**
 * The secrets of one account in one region, with the labels of their versions. A label sits on one version only. Moving
 * AWSCURRENT moves AWSPREVIOUS to the version that it left. The content of a version never changes.
 */
export class Vault {
  readonly #region: string;
  readonly #secrets = new Map<string, Stored>();

  constructor(region: string) {
    this.#region = region;
  }

  /** Without content it has no version yet. */
  create(name: string, content: Content, token?: string): { arn: string; versionId: string };
  create(name: string, content: Content | null, token?: string): { arn: string; versionId: string | null };
  create(name: string, content: Content | null, token: string = randomUUID()) {
    if (!NAME.test(name))
      throw new SecretsError(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      );
    const there = this.#secrets.get(name);
    if (there?.deletedAt)
      throw new SecretsError(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    if (there !== undefined)
      throw new SecretsError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    // The six characters that AWS puts behind a name, so that one made anew has another ARN.
    const suffix = createHash('sha256')
      .update(`${name}${Date.now()}`)
      .digest('base64')
      .replace(/\W/g, 'x')
      .slice(0, 6);
    const arn = `arn:aws:secretsmanager:${this.#region}:${ACCOUNT}:secret:${name}-${suffix}`;
    this.#secrets.set(name, { name, arn, versions: new Map(), deletedAt: null, isUndecryptable: false });
    return { arn, versionId: content === null ? null : this.put(name, content, { token }) };
  }

  /** Without stages the new version becomes AWSCURRENT; with some it gets those, and AWSCURRENT stays where it is. */
  put(
    id: string,
    content: Content,
    { token = randomUUID(), stages }: { token?: string; stages?: readonly Stage[] } = {},
  ): string {
    const secret = this.#alive(id);
    const there = secret.versions.get(token);
    if (there !== undefined && there.content !== null) {
      if (JSON.stringify(there.content) !== JSON.stringify(content))
        throw new SecretsError(
          'ResourceExistsException',
          `A resource with the ID you requested already exists.`,
        );
      return token;
    }
    const version = there ?? { id: token, content, createdAt: new Date(), stages: new Set<Stage>() };
    version.content = content;
    secret.versions.set(token, version);
    for (const stage of stages ?? ['AWSCURRENT']) this.#label(secret, stage, version);
    return token;
  }

  /** Begins a rotation: the version that is AWSPENDING is there before it holds anything. */
  beginRotation(id: string, token: string = randomUUID()): string {
    const secret = this.#alive(id);
    const all = [...secret.versions.values()];
    const isUnderWay = all.some(({ stages }) => stages.has('AWSPENDING') && !stages.has('AWSCURRENT'));
    if (isUnderWay)
      throw new SecretsError(
        'InvalidRequestException',
        "A previous rotation isn't complete. That rotation will be reattempted.",
      );
    const version: Kept = { id: token, content: null, createdAt: new Date(), stages: new Set() };
    secret.versions.set(token, version);
    this.#label(secret, 'AWSPENDING', version);
    return token;
  }

  moveStage(id: string, stage: Stage, to: string | undefined, from: string | undefined): void {
    const secret = this.#alive(id);
    const holder = [...secret.versions.values()].find(({ stages }) => stages.has(stage));
    if (holder !== undefined && holder.id !== from && to !== undefined)
      throw new SecretsError(
        'InvalidParameterException',
        `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    if (to === undefined) return void holder?.stages.delete(stage);
    const target = secret.versions.get(to);
    if (target === undefined) throw noVersion(`version id: ${to}`);
    this.#label(secret, stage, target);
  }

  get(
    id: string,
    { versionId, stage }: { versionId?: string | undefined; stage?: Stage | undefined },
  ): Stored & { version: Kept & { content: Content } } {
    const secret = this.#alive(id);
    const wanted = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
    const version =
      versionId === undefined
        ? [...secret.versions.values()].find(({ stages }) => stages.has(wanted ?? ''))
        : secret.versions.get(versionId);
    const named = versionId === undefined ? `staging label: ${wanted}` : `VersionId: ${versionId}`;
    if (version !== undefined && versionId !== undefined && stage !== undefined && !version.stages.has(stage))
      throw new SecretsError(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      );
    if (version === undefined || version.content === null) throw noVersion(named);
    if (secret.isUndecryptable)
      throw new SecretsError(
        'DecryptionFailure',
        "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
      );
    return { ...secret, version: version as Kept & { content: Content } };
  }

  describe(id: string): Stored {
    return this.#found(id);
  }

  delete(id: string): Stored {
    const secret = this.#alive(id);
    secret.deletedAt = new Date();
    return secret;
  }

  /** Without a window in which it could be restored. */
  forget(id: string): void {
    this.#secrets.delete(this.#found(id).name);
  }

  restore(id: string): Stored {
    const secret = this.#found(id);
    secret.deletedAt = null;
    return secret;
  }

  /** The KMS key is disabled, or enabled again. */
  disableKey(id: string, isDisabled: boolean): void {
    this.#found(id).isUndecryptable = isDisabled;
  }

  #label(secret: Stored, stage: Stage, to: Kept): void {
    const from = [...secret.versions.values()].find(({ stages }) => stages.has(stage));
    if (from === to) return;
    from?.stages.delete(stage);
    to.stages.add(stage);
    if (stage === 'AWSCURRENT' && from !== undefined) this.#label(secret, 'AWSPREVIOUS', from);
    if (stage === 'AWSCURRENT') to.stages.delete('AWSPREVIOUS');
  }

  #alive(id: string): Stored {
    const secret = this.#found(id);
    if (secret.deletedAt !== null) throw markedForDeletion();
    return secret;
  }

  /** By its name, by its ARN, or by that without its last six characters. */
  #found(id: string): Stored {
    const found = [...this.#secrets.values()].find(
      ({ name, arn }) => id === name || id === arn || id === arn.slice(0, -7),
    );
    if (found === undefined) throw notFound();
    return found;
  }
}

function noVersion(named: string): SecretsError {
  return new SecretsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${named}`,
  );
}

function markedForDeletion(): SecretsError {
  return new SecretsError(
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
  );
}
