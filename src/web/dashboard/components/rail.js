// Where one can go: a rail on wide screens, five tabs on a phone.

import { html } from '../vendor/preact.js';
import { language, setLanguage, setTheme, theme } from '../app/kept.js';
import { leave, session, status } from '../app/state.js';
import { t } from '../app/words.js';
import { Icon, Mark } from './icon.js';

export const MAIN = ['home', 'constellation', 'devices', 'live'];
const REST = ['companies', 'record', 'queries', 'alerts', 'profiles', 'lists', 'upstreams', 'privacy', 'help', 'access', 'settings'];

/** Those without a tab; the log of queries only where there is one. */
export const others = () => REST.filter((name) => name !== 'queries' || status.value?.stats_level === 'full');

/** Pages that belong to another in the rail. */
const PARENT = /** @type {Record<string, string>} */ ({ device: 'devices', company: 'companies' });

/** @param {{ name: string, current: string, also?: string }} props */
function Tab({ name, current, also = '' }) {
  return html`<li class=${also}><a href=${`#/${name}`} aria-current=${current === name ? 'page' : undefined}><${Icon} name=${name} />${t(`nav.${name}`)}</a></li>`;
}

/** Light, dark, or as the system has it; and the language. */
export function Looks() {
  return html`<div class="looks">
    <label class="field"><span>${t('look.theme')}</span>
      <select value=${theme.value} onChange=${(/** @type {any} */ event) => setTheme(event.target.value)}>
        ${['system', 'light', 'dark'].map((name) => html`<option value=${name} selected=${theme.value === name}>${t(`look.${name}`)}</option>`)}
      </select></label>
    <label class="field"><span>${t('look.language')}</span>
      <select value=${language.value} onChange=${(/** @type {any} */ event) => setLanguage(event.target.value)}>
        <option value="en" selected=${language.value === 'en'} lang="en">English</option><option value="de" selected=${language.value === 'de'} lang="de">Deutsch</option>
      </select></label>
  </div>`;
}

/** Leaves the login; says whose it is. */
export function Leave() {
  return html`<button class="do" onClick=${leave}>${t(session.value?.name === 'viewer' ? 'leave.viewer' : 'leave.owner')}</button>`;
}

/** @param {{ page: string }} props */
export function Rail({ page }) {
  const current = PARENT[page] ?? page;
  const onPhone = REST.includes(current) ? 'more' : current;
  return html`<nav class="rail" aria-label=${t('nav.label')}>
    <div class="brand"><${Mark} />Trackless</div>
    <ul>${MAIN.map((name) => html`<${Tab} name=${name} current=${current} />`)}<${Tab} name="more" current=${onPhone} also="only-phone" /></ul>
    <ul class="rest">${others().map((name) => html`<${Tab} name=${name} current=${current} />`)}</ul>
    <div class="foot"><${Looks} /><${Leave} /></div>
  </nav>`;
}
