export { createContext, Fragment, h, render } from 'preact';
export { useCallback, useContext, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
export { computed, effect, signal } from '@preact/signals';
export { html } from 'htm/preact';
