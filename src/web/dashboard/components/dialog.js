// A dialog of the browser's own: it keeps the focus, and Escape closes it.

import { html, useEffect, useId, useRef } from '../vendor/preact.js';
import { t } from '../app/words.js';
import { Icon } from './icon.js';

/** Where the focus goes when what opened the dialog goes with it. @type {HTMLElement | null} */
let place = null;

/** The dialog that closes next leaves nothing to come back to: the page itself is. */
export function opensNoMore() {
  place = document.getElementById('content');
}

/**
 * @param {{ title: string, onClose: () => void, wide?: boolean, children: import('../vendor/preact.js').ComponentChildren }} props wide: a form, which no stray press closes
 */
export function Dialog({ title, onClose, wide = false, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    // Taken away rather than closed, it would leave the focus nowhere.
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      (place ?? before)?.focus({ preventScroll: true });
      place = null;
    };
  }, []);
  return html`<dialog ref=${box} class=${wide ? 'wide' : ''} aria-labelledby=${id} onClose=${onClose} onClick=${(/** @type {any} */ event) => event.target === box.current && !wide && onClose()}>
    <div><header><h2 id=${id}>${title}</h2><button type="button" class="do plain square" aria-label=${t('close')} onClick=${onClose}><${Icon} name="close" /></button></header>${children}</div>
  </dialog>`;
}

/**
 * Asks once more before something cannot be taken back.
 * @param {{ title: string, text: string, yes: string, onYes: () => void, onClose: () => void }} props
 */
export function Confirm({ title, text, yes, onYes, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}><p>${text}</p>
    <div class="row"><button class="do danger" onClick=${() => { onYes(); onClose(); }}>${yes}</button><button class="do" onClick=${onClose}>${t('cancel')}</button></div><//>`;
}
