// The first visit: a password for the owner. Then `welcome` shows the device and the button.

import { html, useState } from '../vendor/preact.js';
import { Looks } from '../components/rail.js';
import { Mark } from '../components/icon.js';
import { api } from '../app/api.js';
import { enter, line } from '../app/state.js';
import { t } from '../app/words.js';

const LEAST = 10;

/** @param {{ query: URLSearchParams }} props */
export function Page({ query }) {
  const [code, setCode] = useState(query.get('code') ?? '');
  const [password, setPassword] = useState('');
  const [shown, show] = useState(false);
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (password.length < LEAST) return setWrong(t('setup.short', { n: LEAST }));
    setBusy(true);
    setWrong('');
    try {
      await api.post('/setup', { code: code.trim(), password });
      // The code must not stay in the history of this browser.
      history.replaceState(null, '', '#/welcome');
      dispatchEvent(new HashChangeEvent('hashchange'));
      await enter();
    } catch (failure) {
      setWrong(line(failure));
    }
    return setBusy(false);
  }

  return html`<div class="page gate">
    <div class="brand"><${Mark} />Trackless</div>
    <div class="stack"><h1>${t('setup.title')}</h1><p class="soft">${t('setup.about')}</p></div>
    <form class="card" onSubmit=${submit}>
      <input type="text" name="username" value="owner" autocomplete="username" hidden readonly />
      <label class="field"><span>${t('setup.code')}</span><input name="code" value=${code} onInput=${(/** @type {any} */ event) => setCode(event.target.value)} autocomplete="off" spellcheck=${false} required />
        <small>${t('setup.whereCode')}</small></label>
      <label class="field"><span>${t('setup.password')}</span><input name="password" type=${shown ? 'text' : 'password'} value=${password} onInput=${(/** @type {any} */ event) => setPassword(event.target.value)} autocomplete="new-password" required />
        <small>${t('setup.least', { n: LEAST })}</small></label>
      <div class="row"><button type="button" class="do plain" aria-pressed=${shown} onClick=${() => show(!shown)}>${t(shown ? 'password.hide' : 'password.show')}</button></div>
      <p class="wrong" role="alert">${wrong}</p>
      <button class="do main" disabled=${busy}>${t('setup.go')}</button>
    </form>
    <${Looks} />
  </div>`;
}
