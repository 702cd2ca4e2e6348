import { Fault } from '../core/fault.ts';

export function portTaken(port: number, cause: unknown): Fault {
  return new Fault('config.invalid', `port ${port} is taken: end what uses it, or set PORT to another`, {
    retryable: false,
    cause,
  });
}

/** The sandbox's credentials are public: nobody but this machine may reach it, whatever is set. */
export function listensOn(options: { isSandbox?: boolean; publicUrl: string | null }): string {
  return options.isSandbox === true || options.publicUrl === null ? '127.0.0.1' : '0.0.0.0';
}
