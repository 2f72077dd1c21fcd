// Starts the page: words first, then who we are, then the page asked for.

import { effect, h, render } from '../vendor/preact.js';
import { App } from './app.js';
import { language } from './kept.js';
import { enter, reached } from './state.js';
import { learn } from './words.js';

const place = /** @type {HTMLElement} */ (document.getElementById('app'));

effect(() => {
  void language.value;
  void learn();
});

const [, entered] = await Promise.allSettled([learn(), enter()]);
if (entered.status === 'rejected') {
  reached.value = false;
  const timer = setInterval(() => enter().then(() => {
    reached.value = true;
    clearInterval(timer);
  }, () => {}), 3000);
}
place.replaceChildren();
render(h(App, {}), place);
