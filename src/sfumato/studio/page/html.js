// What every component begins with: html`<${Button}>…<//>`, hooks, and signals. Words never stand in a template: they
// come from t('…') of i18n.js (tests/studio/page/test_locales.py looks).
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
export { Fragment, createRef, h, render } from "preact";
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
