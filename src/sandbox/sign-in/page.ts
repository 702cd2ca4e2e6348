import { type Html, html } from '../page/html.ts';

/** Somebody who can sign in. */
export type SignInPerson = { id: string; name: string; login: string };

/** The sign-in page of the company. There are no passwords in the sandbox: one is whom one chooses. */
export function signInPage(at: {
  /** As sentences call the identity provider. */
  idp: string;
  /** Where the form is sent. */
  action: string;
  people: readonly SignInPerson[];
  hint: unknown;
}): string {
  const options = at.people
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(
      ({ id, name, login }) =>
        html`<option value="${id}"${login === at.hint ? html` selected` : ''}>${name} (${login})</option>`,
    );
  return page(
    'Sign in to Acme',
    html`<p>This is the sandbox’s ${at.idp}. There are no passwords here: choose who signs in, and how.</p>
<form method="post" action="${at.action}">
<label for="user">Who</label>
<select id="user" name="user">${options}</select>
<button class="main" name="how" value="twoFactors">Sign in with password and second factor</button>
<button name="how" value="password">Sign in with the password only</button>
<button name="how" value="cancel">Cancel</button>
</form>`,
  );
}

export function cancelledPage(): string {
  return page('This sign-in is over', html`<p>Go back to Slack and open the link there again.</p>`);
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body { margin: 0; padding: 8vh 16px; font: 16px/1.5 system-ui, sans-serif; background: #eef1f6; color: #1d1d21; }
main { max-width: 24rem; margin: 0 auto; padding: 24px; background: #fff; border-radius: 8px; box-shadow: 0 1px 4px #0003; }
h1 { font-size: 1.3rem; margin: 0 0 .5em; }
label { display: block; font-weight: 600; }
select, button { box-sizing: border-box; width: 100%; font: inherit; padding: 9px 12px; margin: 4px 0 10px; border-radius: 6px; border: 1px solid #6e6e78; background: #fff; color: inherit; }
button { cursor: pointer; }
button.main { background: #3f59e4; border-color: #3f59e4; color: #fff; font-weight: 600; }
</style>
</head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`.toString();
}
