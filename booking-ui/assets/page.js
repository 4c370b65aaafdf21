// Smooths pages that work without it: the visitor's zone, months and days without a reload, arrow keys in the month,
// focus and announcements, a form that is neither lost nor sent twice.

const one = (query, root = document) => root.querySelector(query);
const all = (query, root = document) => [...root.querySelectorAll(query)];

// Storage may be forbidden; then nothing is remembered.
const kept = (store, name, value) => {
  try {
    const box = window[store + 'Storage'];
    if (value === undefined) return box.getItem(name);
    value === null ? box.removeItem(name) : box.setItem(name, value);
  } catch { /* forbidden */ }
};

const say = (text) => {
  const live = one('#live');
  live.textContent = '';
  setTimeout(() => { live.textContent = text || ''; }, 60);
};

// The page at an address in place of this one.

let latest = 0;

async function show(url, { focus, past = 'push', strict = true } = {}) {
  const turn = ++latest;
  const old = one('main');
  old.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw answer.status;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (turn !== latest) return;
    const month = one('#whole')?.checked;
    old.replaceWith(one('main', page));
    document.title = page.title;
    if (past) history[past + 'State'](null, '', url);
    if (month && one('#whole')) one('#whole').checked = true;
    ready();
    say(one('main').dataset.said);
    focus && (typeof focus === 'string' ? one(focus) : focus())?.focus({ preventScroll: innerWidth >= 640 });
  } catch {
    if (turn !== latest) return;
    old.removeAttribute('aria-busy');
    // What the visitor did not ask for may fail unseen.
    if (strict) location.assign(url);
  }
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-swap]');
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const kind = link.dataset.swap;
  if (kind === 'clock') kept('local', 'h12', new URL(link.href).searchParams.get('h12'));
  const focus = { day: '#day-name', month: () => one('#' + link.id) || one('.arrow[id]') }[kind];
  show(link.href, { focus: focus || `a[data-swap="${kind}"][aria-current]` });
});

addEventListener('popstate', () => show(location.href, { past: '' }));

// The zone. One chosen by hand counts until the visitor has travelled.

const detected = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
const plain = (url) => String(url).replaceAll('%2F', '/');

function settle() {
  const shown = one('main').dataset.zone;
  const url = new URL(location);
  if (!shown || url.searchParams.has('tz')) return;
  const [from, chosen] = (kept('local', 'tz') || '').split('|');
  const zone = chosen && from === detected() ? chosen : detected();
  const clock = kept('local', 'h12');
  if (clock && !url.searchParams.has('h12')) url.searchParams.set('h12', clock);
  if (zone && zone !== shown) url.searchParams.set('tz', zone);
  if (url.href !== location.href) show(plain(url), { past: 'replace', strict: false });
}

function zoneForm() {
  const form = one('#zone-form');
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form));
    kept('local', 'tz', `${detected()}|${fields.get('tz')}`);
    show(plain(`${form.action}?${fields}`), { focus: '.zone summary' });
  });
}

// The month by keyboard: one stop for Tab, arrows inside (WAI-ARIA grid).

const days = () => all('.grid td[role=gridcell]').map((cell) => one('a', cell) || cell);

function enter(day) {
  days().forEach((other) => { other.tabIndex = other === day ? 0 : -1; });
  return day;
}

function turn(id, place) {
  const arrow = one('#' + id);
  if (!arrow) return say(`No ${id === 'next' ? 'later' : 'earlier'} month can be booked`);
  show(arrow.href, { focus: () => enter(days().at(place) || days().at(-1)) });
}

function grid() {
  const table = one('.grid');
  if (!table) return;
  const cells = days();
  enter(one('[aria-selected=true] a', table) || one('td a', table) || cells[0]);
  const free = (at, step) => {
    let to = at + step;
    while (cells[to] && !cells[to].matches('a')) to += step;
    return cells[to] ? to : at;
  };
  table.addEventListener('keydown', (event) => {
    const at = cells.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const column = cells[at].closest('td').cellIndex;
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - 7, ArrowDown: at + 7,
      Home: Math.max(0, at - column), End: Math.min(cells.length - 1, at + 6 - column),
      n: free(at, 1), p: free(at, -1), t: Math.max(0, cells.findIndex((day) => day.matches('.today'))),
    }[event.key];
    if (event.key === 'PageUp') turn('previous', at);
    else if (event.key === 'PageDown') turn('next', at);
    else if (event.key === ' ') cells[at].click();
    else if (event.key === 'z') one('.zone summary').focus();
    else if (to === undefined) return;
    else if (to < 0) turn('previous', to);
    else if (to >= cells.length) turn('next', to - cells.length);
    else enter(cells[to]).focus();
    event.preventDefault();
  });
}

// Forms.

const FIELDS = ['name', 'email', 'notes'];
const MAILERS = 'gmail.com outlook.com hotmail.com yahoo.com icloud.com gmx.de gmx.net web.de proton.me protonmail.com aol.com'.split(' ');

// Whether one slip of a finger (a letter missing, added, other, or two swapped) makes b of a.
function slip(a, b) {
  let i = 0;
  while (a[i] && a[i] === b[i]) i++;
  const rest = (x, y) => a.slice(i + x) === b.slice(i + y);
  return rest(1, 1) || rest(1, 0) || rest(0, 1) || (a[i] === b[i + 1] && a[i + 1] === b[i] && rest(2, 2));
}

function forms() {
  all('form[method=post]').forEach((form) => form.addEventListener('submit', (event) => {
    if (navigator.onLine && !form.dataset.sent) {
      form.dataset.sent = '1';
      form.setAttribute('aria-busy', 'true');
      return;
    }
    event.preventDefault();
    if (navigator.onLine) return;
    const note = one('.offline', form) || form.appendChild(document.createElement('p'));
    note.className = 'error offline';
    say(note.textContent = 'Not sent – you are offline. Please try again.');
  }));
  if (one('[data-booked]')) kept('session', 'details', null);
  const form = one('form[data-keep]');
  if (!form) return;
  const before = JSON.parse(kept('session', 'details') || '{}');
  FIELDS.forEach((name) => { form.elements[name].value ||= before[name] || ''; });
  form.addEventListener('input', () => {
    const now = FIELDS.map((name) => [name, form.elements[name].value]);
    kept('session', 'details', JSON.stringify(Object.fromEntries(now)));
  });
  const hint = one('#email-hint');
  const usual = hint.textContent;
  form.elements.email.addEventListener('change', (event) => {
    const domain = event.target.value.split('@')[1]?.toLowerCase() || '';
    const meant = !MAILERS.includes(domain) && MAILERS.find((mailer) => slip(domain, mailer));
    hint.textContent = meant ? `Did you mean ${meant}?` : usual;
    if (meant) say(hint.textContent);
  });
}

// A form that the browser kept while its visitor went on and came back may be sent again.
addEventListener('pageshow', () => all('form[data-sent]').forEach((form) => {
  delete form.dataset.sent;
  form.removeAttribute('aria-busy');
}));

function ready() {
  grid();
  zoneForm();
  forms();
  one('#banner')?.focus();
  const chip = one('.strip [aria-current]');
  const row = chip?.closest('ul');
  if (row) row.scrollLeft = chip.offsetLeft - (row.clientWidth - chip.clientWidth) / 2;
}

ready();
settle();
