import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { Views } from '../../flow/cards.ts';
import type { Notice } from '../../ports/messenger.ts';
import { cards } from '../../slack/app/cards.ts';
import type { SlackContent } from '../../slack/blocks.ts';
import {
  anchorSamples,
  canarySamples,
  policySamples,
  queueSamples,
  refusedPushSamples,
  secretSamples,
} from './alarm-samples.ts';
import { answerFormSamples } from './answer-form-samples.ts';
import { jointSamples } from './asking-samples.ts';
import { changeSamples } from './change-samples.ts';
import { delegationSamples } from './delegation-samples.ts';
import { deliverySamples } from './delivery-samples.ts';
import { digestForms, digestSamples } from './digest-samples.ts';
import { emergencyForms, emergencySamples } from './emergency-samples.ts';
import { formSamples } from './form-samples.ts';
import { homeSamples } from './home-samples.ts';
import { lostAccountSamples, provisioningSamples } from './idp-samples.ts';
import { massForms, massSamples } from './mass-samples.ts';
import { offboardingForms, offboardingSamples } from './offboarding-samples.ts';
import { campaignSamples, reviewForms, reviewSamples } from './review-samples.ts';
import type { FormSample, Sample, ViewSamples } from './sample.ts';
import { ticketSamples, ticketTroubleSamples } from './ticket-samples.ts';

/** States of everything that people are told of. The compiler asks for those of a new subject. */
export function viewSamples(catalogue: Catalogue): ViewSamples {
  return {
    change: [...changeSamples(catalogue), ...ticketSamples(catalogue)],
    jointRequest: jointSamples(catalogue),
    massChange: massSamples(catalogue),
    offboarding: offboardingSamples(),
    emergency: emergencySamples(catalogue),
    delegation: delegationSamples(),
    campaign: campaignSamples(),
    review: reviewSamples(),
    canary: canarySamples(),
    policy: policySamples(),
    refusedPush: refusedPushSamples(),
    lostAccount: lostAccountSamples(),
    provisioning: provisioningSamples(),
    queue: queueSamples(),
    secret: secretSamples(),
    anchor: anchorSamples(),
    tickets: ticketTroubleSamples(),
    delivery: deliverySamples(catalogue),
    digest: digestSamples(catalogue),
  };
}

const HOME = 'The Home tab';

/** Forms and Home tabs, by what they belong to. Add those of a capability here. */
export function formsOf(catalogue: Catalogue): Record<string, FormSample[]> {
  return {
    [HOME]: homeSamples(catalogue),
    'Asking and deciding': [...formSamples(catalogue), ...answerFormSamples(catalogue)],
    'The weekly digest': digestForms(catalogue),
    'Many on one card': massForms(catalogue),
    'Somebody leaves': offboardingForms(),
    'An emergency': emergencyForms(catalogue),
    'Access reviews': reviewForms(catalogue),
  };
}

const headings: Record<keyof Views, string> = {
  change: 'A request, from asking to its end',
  jointRequest: 'Several asked for at once, for whoever asked',
  massChange: 'Many on one card',
  offboarding: 'Somebody leaves',
  emergency: 'An emergency',
  delegation: 'Somebody is away',
  campaign: 'An access review, for whoever began it',
  review: 'An access review, for a reviewer',
  canary: 'The canary',
  policy: 'The policy',
  refusedPush: 'Refused pushes',
  lostAccount: 'One of two accounts is lost',
  provisioning: 'An identity provider that pushes nothing',
  queue: 'The queue',
  secret: 'Old secrets',
  anchor: 'Checkpoints of the audit',
  tickets: 'Tickets that can’t be read',
  delivery: 'Groups that something else carries',
  digest: 'The weekly digest',
};

/** The messages of one state, as they would be posted. */
export type SampledMessages = { title: string; notices: Notice<SlackContent>[] };
export type SampleSection = { heading: string; states: SampledMessages[]; forms: FormSample[] };

/** Every message and form there is, drawn by the functions that draw the real ones. */
export function allSamples(catalogue: Catalogue): SampleSection[] {
  const samples = viewSamples(catalogue);
  const told = (Object.keys(headings) as (keyof Views)[]).map((about) => ({
    heading: headings[about],
    states: samples[about].map((sample) => drawn(about, sample)),
    forms: [],
  }));
  const opened = Object.entries(formsOf(catalogue)).map(([heading, forms]) => ({
    heading: heading === HOME ? heading : `Forms: ${heading}`,
    states: [],
    forms,
  }));
  return [...told, ...opened];
}

function drawn<S extends keyof Views>(
  about: S,
  { title, view }: Sample<Views[keyof Views]>,
): SampledMessages {
  return { title, notices: cards[about](view as Views[S]) };
}
