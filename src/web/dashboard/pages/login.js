// Who has a password: the owner, or somebody who may look.

import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { Looks } from '../components/rail.js';
import { Mark } from '../components/icon.js';
import { api, Failure } from '../app/api.js';
import { lasting } from '../app/format.js';
import { enter, line, session } from '../app/state.js';
import { t } from '../app/words.js';

export function Page() {
  const [name, setName] = useState('owner');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asked, askCode] = useState(Boolean(session.value?.totp));
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const codeField = useRef(/** @type {HTMLInputElement | null} */ (null));
  const needsCode = asked && name === 'owner';
  useEffect(() => {
    if (asked && password) codeField.current?.focus();
  }, [asked]);

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    setWrong('');
    try {
      await api.post('/session', { name, password, ...(needsCode && code ? { code } : {}) });
      await enter();
      location.hash = '#/home';
    } catch (failure) {
      if (failure instanceof Failure && failure.type.endsWith('/problems/totp')) askCode(true);
      const wait = failure instanceof Failure && failure.retry ? ` ${t('login.wait', { time: lasting(failure.retry) })}` : '';
      setWrong(line(failure) + wait);
    }
    setBusy(false);
  }

  return html`<div class="page gate">
    <div class="brand"><${Mark} />Trackless</div>
    <h1>${t('login.title')}</h1>
    <form class="card" onSubmit=${submit}>
      <div class="segments" role="group" aria-label=${t('login.who')}>${['owner', 'viewer'].map((who) => html`<button type="button" aria-pressed=${name === who} onClick=${() => setName(who)}>${t(`login.${who}`)}</button>`)}</div>
      <input type="text" name="username" value=${name} autocomplete="username" hidden readonly />
      <label class="field"><span>${t('login.password')}</span><input name="password" type="password" value=${password} onInput=${(/** @type {any} */ event) => setPassword(event.target.value)} autocomplete="current-password" required /></label>
      ${needsCode && html`<label class="field"><span>${t('login.code')}</span><input name="code" ref=${codeField} value=${code} onInput=${(/** @type {any} */ event) => setCode(event.target.value)} inputmode="numeric" autocomplete="one-time-code" maxlength="6" pattern="[0-9]{6}" required /><small>${t('login.codeAbout')}</small></label>`}
      <p class="wrong" role="alert">${wrong}</p>
      <button class="do main" disabled=${busy}>${t('login.go')}</button>
    </form>
    <a class="do plain" href="#/home">${t('login.mine')}</a>
    <${Looks} />
  </div>`;
}
