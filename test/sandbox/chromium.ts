export const CHROMIUM = '/usr/bin/chromium';

/** Without these, Chromium looks up hosts of its own at every start. */
export const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
