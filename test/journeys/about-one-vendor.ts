/** Journeys that run with one identity provider alone, by the names of their files, and why. All others run with each, by the same text. */
export const aboutOneVendor: Readonly<Record<string, string>> = {
  'accounts-apart': 'Okta and Entra in one installation, and accounts of one person in each',
  'account-recreated': 'Okta assigns people to the app one by one, and so can take it from one of them',
  'delivery-by-claim': 'the group claim of Okta’s sign-in to Anypoint',
  'delivery-by-claim-entra':
    'the group claim of Entra’s sign-in to Anypoint: object ids, and too many of them',
  'delivery-native': 'Okta’s own connector for Anypoint',
  'drift-by-each-source': 'Okta’s event hook and System Log, and who wrote in them',
  'drift-by-set-and-graph': 'what others tell beside Okta: security event tokens, and Entra that only tells',
  'provisioning-quarantine': 'the provisioning job of Entra, which may be in quarantine',
  'reminded-in-own-hours': 'Okta has the time zone of a person; in Entra only the mailbox has one',
  'same-with-any-model': 'what the model changes, in worlds that are otherwise the same',
  'scim-soft-delete': 'sends by hand what Entra’s client sends, about people of Okta',
  'secrets-kept': 'every secret there is, those of both identity providers among them',
  'step-up-with-entra':
    'the authentication context of Entra, and the object id that its tokens name people by',
  'two-identity-providers': 'Okta and Entra in one installation',
};
