import type { Page } from 'playwright-core';

/** What a person does on the sandbox's page, and what can be seen of it. `page`: it is opened before the first act. */
export function onPage(page: () => Page) {
  const at = (id: string) => page().getByTestId(id);
  return {
    at,
    /** Becomes somebody, and opens a channel of theirs. */
    async be(key: string, channel: string): Promise<void> {
      await at(`person-${key}`).click();
      await page().locator(`[data-testid="person-${key}"][aria-current]`).waitFor();
      await at(`channel-${channel}`).click();
    },
    /** What reaches beyond the screen, and is not in something that scrolls. */
    wider: (px: number) =>
      page().evaluate(`[...document.body.querySelectorAll('*')]
        .filter((e) => e.getClientRects().length > 0 && e.getBoundingClientRect().right > ${px} + 1 && e.closest('.people nav') === null)
        .slice(0, 12).map((e) => e.tagName + '.' + e.className)`),
  };
}
