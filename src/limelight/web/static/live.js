// What if: every change asks the real model at once, and why when the person pauses.
// The last question wins: an answer that comes after a newer question is dropped.
import { besides } from './beside.js';
import { answers, border, control, fixed3, make, number, paint, place, segments, under } from './pieces.js';
const IDLE = 300;
const VEIL = [128, 128, 128, 225];

// root holds the places that web/page.py names; ask(verb, body, model) is a promise of what is said
export function live(root, data, ask, { state: given = null, remember = () => {} } = {}) {
  const at = (id) => root.getElementById(id);
  const kind = data.kind;
  const hides = kind !== 'table'; // parts are hidden, the columns of a table are changed
  const fixed = data.parts !== undefined; // the instance stays what it is: windows and superpixels
  const past = [];
  let state = fitting(given) ?? begin();
  let asked = 0, explained = 0, timer = 0, why = null, whole = null, repaint = () => {};

  function begin() {
    if (fixed) return { struck: [] };
    return kind === 'text' ? { text: data.text, struck: [] } : { values: data.columns.map((c) => c.value) };
  }
  function fitting(found) {
    if (found === null || typeof found !== 'object') return null;
    if (!hides) {
      const fits = Array.isArray(found.values) && found.values.length === data.columns.length;
      return fits ? { values: found.values } : null;
    }
    if (!Array.isArray(found.struck) || !found.struck.every((j) => Number.isInteger(j) && j >= 0)) return null;
    if (fixed) return { struck: found.struck.filter((j) => j < data.parts.length) };
    return typeof found.text === 'string' ? { text: found.text, struck: found.struck } : null;
  }

  // -- asking ------------------------------------------------------------------
  const instance = (of = state) => (fixed ? {} : { instance: kind === 'text' ? of.text : of.values });
  function question() {
    const count = fixed ? data.parts.length : why?.surrogate.coef[0].length;
    if (!hides || !state.struck.length || !count) return instance();
    return { ...instance(), mask: Array.from({ length: count }, (_, j) => (state.struck.includes(j) ? 0 : 1)) };
  }
  async function answerNow() {
    const mine = ++asked;
    at('answer').setAttribute('aria-busy', 'true');
    try {
      const said = await ask('whatif', question());
      if (mine !== asked) return;
      if (whole === null) whole = said.outputs;
      drawAnswer(said.outputs);
      fail('');
    } catch (error) {
      if (mine === asked) fail(error.message);
    }
    if (mine === asked) at('answer').removeAttribute('aria-busy');
  }
  async function explainNow() {
    const mine = ++explained;
    at('reasons').setAttribute('aria-busy', 'true');
    try {
      const said = await ask('why', instance());
      if (mine !== explained) return;
      why = said;
      place(said.article, at('reasons'), data.image);
      if (hides) drawParts();
      if (hides && state.struck.length) answerNow();
    } catch (error) {
      if (mine === explained) fail(error.message);
    }
    if (mine === explained) at('reasons').removeAttribute('aria-busy');
  }

  // -- what the person does ------------------------------------------------------
  function change(next, { anew = true, keep = true } = {}) {
    if (keep) past.push(state);
    state = next;
    at('undo').disabled = at('again').disabled = past.length === 0;
    keepAddress();
    warn();
    answerNow();
    other.answer();
    if (!anew) return;
    explained += 1;
    clearTimeout(timer);
    timer = setTimeout(() => { explainNow(); other.explain(); }, IDLE);
  }
  function restore(next) {
    const anew = !hides || next.text !== state.text;
    if (anew) why = null;
    change(next, { keep: false, anew });
    drawControls();
    if (!anew) drawParts();
  }
  function toggle(j) {
    const struck = state.struck.includes(j) ? state.struck.filter((k) => k !== j) : [...state.struck, j];
    change({ ...state, struck }, { anew: false });
    drawParts();
  }
  at('undo').addEventListener('click', () => restore(past.pop()));
  at('again').addEventListener('click', () => { past.length = 0; restore(begin()); });
  at('keep').addEventListener('click', async () => {
    try {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([await ask('page', instance())], { type: 'text/html' }));
      link.download = `${data.model}.html`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    } catch (error) { fail(error.message); }
  });

  // -- drawing -------------------------------------------------------------------
  function drawControls() {
    const form = at('controls');
    form.replaceChildren();
    if (fixed) return;
    if (kind === 'text') {
      const area = make('textarea', { id: 'text', rows: 5, dir: 'auto' });
      area.value = state.text;
      area.addEventListener('input', () => {
        why = null;
        at('words').replaceChildren();
        change({ text: area.value, struck: [] });
      });
      form.append(make('label', { for: 'text' }, 'The text'), area);
      return;
    }
    const set = (i, value) => change({ values: state.values.map((old, j) => (j === i ? value : old)) });
    data.columns.forEach((column, i) => {
      form.append((column.type === 'number' ? number : control)(column, i, state.values[i], set));
    });
  }
  function drawParts() {
    const focused = root.activeElement?.dataset?.place;
    const box = at('words'), text = at('text');
    if (text) box.dir = getComputedStyle(text).direction; // words stand as they are written
    box.replaceChildren();
    const parts = data.parts ?? why?.parts ?? [];
    parts.forEach(([text, j, name], nth) => {
      if (j === null) { box.append(text); return; }
      const pressed = String(state.struck.includes(j));
      const part = make('button', { type: 'button', 'aria-pressed': pressed, 'aria-label': name ?? null, dir: 'auto', 'data-place': nth }, text);
      part.addEventListener('click', () => toggle(j));
      for (const [event, lit] of [['focus', j], ['blur', null], ['pointerenter', j], ['pointerleave', null]]) {
        part.addEventListener(event, () => repaint(lit));
      }
      box.append(part, fixed ? ' ' : '');
      if (String(nth) === focused) part.focus();
    });
    repaint(null);
  }
  async function drawPicture() {
    const { width, height } = data, labels = await segments(data);
    const feature = new Map(data.labels.map((label, j) => [label, j]));
    const canvas = make('canvas', { width, height, 'aria-hidden': 'true' });
    at('picture').replaceChildren(make('img', { src: data.image ?? 'data:,', alt: 'The picture' }), canvas);
    at('picture').style.setProperty('--ratio', `${width} / ${height}`);
    at('picture').classList.toggle('tiny', Math.max(width, height) <= 64);
    at('hint').textContent = 'Click a part of it, or use the buttons. What is grey here is hidden from the model.';
    at('hint').hidden = false;
    let over = null;
    repaint = (lit) => {
      const gone = new Set(state.struck.map((j) => data.labels[j]));
      const shown = lit === null ? undefined : data.labels[lit];
      paint(canvas, (i) => (shown !== undefined && labels[i] === shown && border(labels, i, width) ? [255, 60, 0, 255]
        : gone.has(labels[i]) ? VEIL : border(labels, i, width) ? [255, 255, 255, 90] : null));
    };
    canvas.addEventListener('pointermove', (event) => {
      const j = feature.get(under(event, labels, width, height)) ?? null;
      if (j !== over) repaint(over = j);
    });
    canvas.addEventListener('pointerleave', () => repaint(over = null));
    canvas.addEventListener('click', (event) => {
      const j = feature.get(under(event, labels, width, height));
      if (j !== undefined) toggle(j);
    });
    repaint(null);
  }
  function drawAnswer(outputs) {
    at('answer').replaceChildren(answers(outputs, whole, 'Outputs of the model', surrogate));
  }
  function surrogate(name) {
    if (!why || !hides) return '';
    const k = why.surrogate.targets.indexOf(name);
    if (k < 0) return '';
    let g = why.surrogate.local_prediction[k];
    for (const j of state.struck) g -= why.surrogate.coef[k][j] ?? 0;
    return `surrogate ${fixed3(g)}`;
  }
  function warn() {
    if (hides) return;
    const beyond = data.columns.filter((c, i) => c.type === 'number' && c.low !== null && state.values[i] !== null
      && (state.values[i] < c.low || state.values[i] > c.high)).map((c) => c.name);
    at('note').hidden = beyond.length === 0;
    at('note').textContent = beyond.length === 0 ? '' :
      `Beyond anything in the background: ${beyond.join(', ')}. The model extrapolates there.`;
  }
  function fail(sentence) {
    at('failed').hidden = sentence === '';
    at('failed').textContent = sentence;
  }

  const keepAddress = () => remember({ ...state, ...other.chosen() });
  const other = besides(at, data, ask, { given, fixed, instance, question, begin, now: () => state, keep: keepAddress });
  drawControls();
  if (kind === 'image') drawPicture();
  if (fixed) drawParts();
  warn();
  // what the instance says as it was given is what changes are held against
  ask('whatif', instance(begin())).then((said) => { whole = said.outputs; }, () => {}).then(() => {
    answerNow();
    explainNow();
    other.show();
  });
}
