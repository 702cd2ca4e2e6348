import type { Fault } from '../core/fault.ts';
import { nextStepFor } from '../core/fault-words.ts';

/** What to do about a fault of Vanta's, by whoever runs the command. No capital, no full stop. */
export function vantaAdvice(fault: Fault, document: string): string {
  const status = Number(fault.vendorCode);
  if (status >= 300 && status < 400)
    return 'set VANTA_URL to https://api.vanta.com (or https://api.vanta-gov.com): a host of a region redirects, and the token is lost on the way';
  if (fault.code === 'vanta.not_found')
    return `see that there is a document ${document}: its id stands in the address of its page in Vanta, and VANTA_DOCUMENTS names it`;
  if (status === 413)
    return 'it is too large for Vanta: name other files in VANTA_DOCUMENTS, or a shorter period';
  if (fault.code === 'vanta.invalid')
    return 'if it does not take this kind of file, name others in VANTA_DOCUMENTS (docs/evidence.md)';
  if (fault.code === 'vanta.throttled')
    return 'wait a minute, and call it again: Vanta takes so many calls a minute of an application';
  if (fault.code === 'vanta.unauthorized' && status === 401)
    return 'give Latchkey an application of its own: Vanta keeps one token per application, and whoever asks for another ends it';
  // Nobody goes on trying: this is asked for by a command.
  if (fault.code === 'vanta.unavailable' || fault.code === 'vanta.timeout')
    return 'call it again later; see that this machine reaches VANTA_URL (name, proxy, firewall)';
  return nextStepFor(fault);
}
