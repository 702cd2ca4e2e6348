/** Menus that one can type into. */
import { perform, place, post } from './acting.js';

const SEARCH_PAUSE_MS = 150;
const searches = new WeakMap();

async function offer(search) {
  const input = search.querySelector('input');
  // What stands there already was picked, not typed: all are offered.
  const isUntouched = input.value === (search.dataset.label ?? input.defaultValue);
  const query = isUntouched ? '' : input.value.trim();
  const box = search.querySelector('.bk-options');
  let choices;
  if (search.hasAttribute('data-external')) {
    const where = search.closest('[data-ts]');
    const what = { as: place.as, actionId: search.dataset.actionId, blockId: search.dataset.block, query };
    const answer = where
      ? await post('/slack/sim/options', { ...what, channel: where.dataset.channel, ts: where.dataset.ts })
      : await post('/slack/sim/view/options', {
          ...what,
          viewId: search.closest('[data-view]').dataset.view,
        });
    if (document.activeElement !== input) return;
    choices = (answer.options ?? []).map((o) => ({
      value: o.value,
      label: o.text?.text ?? o.value,
      hint: o.description?.text ?? '',
    }));
  } else {
    const words = query.toLowerCase();
    choices = JSON.parse(search.dataset.choices).filter((c) =>
      `${c.label} ${c.hint ?? ''}`.toLowerCase().includes(words),
    );
  }
  box.replaceChildren(
    ...choices.map((choice, i) => {
      const option = document.createElement('button');
      option.type = 'button';
      option.tabIndex = -1;
      option.id = `option-${search.dataset.block}-${i}`;
      option.role = 'option';
      option.dataset.value = choice.value;
      option.dataset.label = choice.label;
      option.dataset.testid = 'option';
      option.ariaSelected = 'false';
      option.append(choice.label);
      if (choice.hint) {
        const hint = document.createElement('small');
        hint.textContent = choice.hint;
        option.append(hint);
      }
      return option;
    }),
  );
  if (choices.length === 0) {
    const none = document.createElement('p');
    none.textContent = 'Nothing found';
    box.append(none);
  }
  openOptions(search, true);
}

function openOptions(search, isOpen) {
  search.querySelector('.bk-options').hidden = !isOpen;
  search.querySelector('input').setAttribute('aria-expanded', String(isOpen));
}

function pickOption(search, option) {
  search.dataset.value = option.dataset.value;
  search.dataset.label = option.dataset.label;
  search.dataset.dirty = 'yes';
  search.querySelector('input').value = option.dataset.label;
  openOptions(search, false);
  if (search.hasAttribute('data-instant')) {
    delete search.dataset.dirty;
    perform(search, search.dataset.actionId, search.dataset.block, option.dataset.value);
  }
}

function moveIn(search, step) {
  const options = [...search.querySelectorAll('[role="option"]')];
  if (options.length === 0) return;
  const at = options.findIndex((o) => o.ariaSelected === 'true');
  const next = options[(at + step + options.length) % options.length];
  for (const option of options) option.ariaSelected = String(option === next);
  search.querySelector('input').setAttribute('aria-activedescendant', next.id);
  next.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('focusin', (event) => {
  const search = event.target.closest('.bk-search');
  if (search && event.target.matches('input')) {
    event.target.select();
    offer(search);
  }
});

document.addEventListener('focusout', (event) => {
  const search = event.target.closest('.bk-search');
  if (!search || search.contains(event.relatedTarget)) return;
  openOptions(search, false);
  const input = search.querySelector('input');
  if (input.value === '') {
    search.dataset.value = '';
    search.dataset.label = '';
  }
  // Words that were typed and not picked are no choice.
  if (search.dataset.dirty || input.value !== input.defaultValue) {
    input.value = search.dataset.label ?? (search.dataset.value ? input.defaultValue : '');
  }
});

document.addEventListener('input', (event) => {
  const search = event.target.closest('.bk-search');
  if (!search) return;
  clearTimeout(searches.get(search));
  const pauseMs = search.hasAttribute('data-external') ? SEARCH_PAUSE_MS : 0;
  searches.set(
    search,
    setTimeout(() => offer(search), pauseMs),
  );
});

document.addEventListener('mousedown', (event) => {
  const option = event.target.closest('[role="option"]');
  if (!option) return;
  event.preventDefault();
  pickOption(option.closest('.bk-search'), option);
});

document.addEventListener('keydown', (event) => {
  const search = event.target.closest?.('.bk-search');
  if (!search) return;
  const isOpen = !search.querySelector('.bk-options').hidden;
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    if (isOpen) moveIn(search, event.key === 'ArrowDown' ? 1 : -1);
    else offer(search);
  } else if (event.key === 'Enter') {
    event.preventDefault();
    const options = [...search.querySelectorAll('[role="option"]')];
    const picked =
      options.find((o) => o.ariaSelected === 'true') ?? (options.length === 1 ? options[0] : null);
    if (isOpen && picked) pickOption(search, picked);
  } else if (event.key === 'Escape' && isOpen) {
    event.preventDefault();
    openOptions(search, false);
  }
});
