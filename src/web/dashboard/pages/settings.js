// Every setting there is, as it is written in the file; the server says what is wrong with a value.

import { html, useState } from '../vendor/preact.js';
import { Search } from '../components/form.js';
import { Empty, Head, Loading } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { isOwner, line, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Setting} Setting */

/** @param {{ setting: Setting, onSaved: () => void }} props */
function One({ setting, onSaved }) {
  const [value, setValue] = useState(/** @type {string | null} */ (null));
  const [wrong, setWrong] = useState('');
  const text = value ?? setting.value;
  const touched = value !== null && value !== setting.value;
  const long = text.includes('\n') || text.length > 60;
  /** @param {() => Promise<any>} work */
  async function save(work) {
    try {
      const said = await work();
      setWrong('');
      setValue(null);
      onSaved();
      tell(t(said?.restart ? 'settings.restart' : 'settings.saved'));
    } catch (failure) {
      setWrong(line(failure));
    }
  }
  const path = `/settings/${encodeURIComponent(setting.key)}`;
  const change = (/** @type {any} */ event) => setValue(event.target.value);
  const id = `setting-${setting.key}`;
  return html`<li class="setting"><form onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void save(() => api.put(path, { value: text })); }}>
    <div class="field"><label for=${id}><code>${setting.key}</code>${setting.source !== 'default' && html` <span class="chip">${t(`settings.from.${setting.source}`)}</span>`}${setting.restart && html` <span class="chip pause">${t('settings.needsRestart')}</span>`}</label>
      <small id=${`${id}-about`}><span lang="en">${setting.about}</span>. ${t('settings.accepted')} <span lang="en">${setting.accepted}</span>.</small>
      ${long ? html`<textarea id=${id} aria-describedby=${`${id}-about`} rows=${Math.min(10, text.split('\n').length + 1)} spellcheck=${false} readonly=${!isOwner()} value=${text} onInput=${change}></textarea>` : html`<input id=${id} class="mono" aria-describedby=${`${id}-about`} spellcheck=${false} autocomplete="off" readonly=${!isOwner()} value=${text} onInput=${change} />`}</div>
    <p class="wrong" role="alert">${wrong}</p>
    ${(touched || (isOwner() && setting.source === 'dashboard')) && html`<div class="row">${touched && html`<button class="do main">${t('save')}</button><button type="button" class="do" onClick=${() => { setValue(null); setWrong(''); }}>${t('cancel')}</button>`}
      ${!touched && html`<button type="button" class="do plain" onClick=${() => save(() => api.delete(path))}>${t('settings.reset')}</button>`}</div>`}
  </form></li>`;
}

/** @param {{ query: URLSearchParams }} props */
export function Page({ query }) {
  const settings = useData('/settings', { all: true });
  const [wanted, want] = useState(query.get('q') ?? '');
  return html`<div class="page narrow"><${Head} title=${t('nav.settings')} about=${t('settings.about')} />
    <${Search} label=${t('settings.search')} value=${wanted} onInput=${want} />
    <${Loading} of=${settings} lines=${10}>${(/** @type {Setting[]} */ all) => {
      const found = all.filter((one) => `${one.key} ${one.about}`.toLowerCase().includes(wanted.toLowerCase()));
      return html`<section class="card">${found.length ? html`<ul>${found.map((one) => html`<${One} key=${one.key} setting=${one} onSaved=${settings.reload} />`)}</ul>` : html`<${Empty} title=${t('nothingFound')} />`}</section>`;
    }}<//></div>`;
}
