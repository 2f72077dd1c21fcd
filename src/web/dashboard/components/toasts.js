// Short messages at the edge; some can be undone.

import { html } from '../vendor/preact.js';
import { dropToast, toasts } from '../app/state.js';
import { t } from '../app/words.js';
import { InWords } from './trouble.js';

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map((toast) => html`<div class="toast" key=${toast.id}><${InWords} of=${toast.text} own=${toast.own} />
      ${toast.undo && html`<button onClick=${() => { toast.undo?.(); dropToast(toast.id); }}>${t('undo')}</button>`}
      <button aria-label=${t('close')} onClick=${() => dropToast(toast.id)}>×</button></div>`)}
  </div>`;
}
