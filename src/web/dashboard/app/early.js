// Light or dark before the first paint; a plain script, because modules wait for the page.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch { /* storage may be forbidden: the system's choice holds */ }
  const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
