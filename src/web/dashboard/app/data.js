// Data of a page: asked for when it is shown and when something changed, at hand when one comes back.

import { useEffect, useState } from '../vendor/preact.js';
import { api } from './api.js';
import { changed, line } from './state.js';

/** @type {Map<string, any>} */
const seen = new Map();
const MOST = 40;

/** Another login must not see what this one saw. */
export const forgetSeen = () => seen.clear();

/**
 * @template T
 * @param {string | null} path nothing is asked for null
 * @param {{ all?: boolean, every?: number }} [how] all pages of a list; again every so many seconds
 * @returns {{ data: T | undefined, wrong: string, reload: () => void }}
 */
export function useData(path, how = {}) {
  const [turn, setTurn] = useState(0);
  const [wrong, setWrong] = useState('');
  const [, show] = useState(0);
  const news = changed.value;

  useEffect(() => {
    if (path === null) return undefined;
    let live = true;
    (how.all ? api.all(path) : api.get(path)).then((data) => {
      seen.delete(path);
      seen.set(path, data);
      if (seen.size > MOST) seen.delete(/** @type {string} */ (seen.keys().next().value));
      if (!live) return;
      setWrong('');
      show((n) => n + 1);
    }, (failure) => live && setWrong(line(failure)));
    return () => { live = false; };
  }, [path, turn, news]);

  useEffect(() => {
    if (!how.every) return undefined;
    const timer = setInterval(() => !document.hidden && setTurn((n) => n + 1), how.every * 1000);
    return () => clearInterval(timer);
  }, [how.every]);

  return { data: path === null ? undefined : seen.get(path), wrong, reload: () => setTurn((n) => n + 1) };
}
