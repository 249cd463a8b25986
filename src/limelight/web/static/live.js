// The live page: every change asks the real model at once, and why when the person pauses.
// The last question wins: an answer that comes after a newer question is dropped.
import { make, place } from './pieces.js';
const data = JSON.parse(document.getElementById('data').textContent);
const hides = data.kind !== 'table'; // words and windows are hidden, the columns of a table are changed
const at = (id) => document.getElementById(id);
const IDLE = 300;
const history = [];
let state = read() ?? begin();
let asked = 0, explained = 0, timer = 0, why = null, whole = null;

function begin() {
  if (data.kind === 'series') return { struck: [] };
  return data.kind === 'text' ? { text: data.text, struck: [] } : { values: data.columns.map((c) => c.value) };
}

// -- asking ------------------------------------------------------------------
async function ask(verb, body) {
  const answer = await fetch(`../v1/models/${encodeURIComponent(data.model)}:${verb}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (verb === 'page' && answer.ok) return answer.blob();
  const said = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(said.error);
  return said;
}
const instance = (of = state) => data.kind === 'series' ? data.series : data.kind === 'text' ? of.text : of.values;
function mask() {
  if (!hides || !state.struck.length || !why) return null;
  return why.surrogate.coef[0].map((_, j) => state.struck.includes(j) ? 0 : 1);
}

async function answerNow() {
  const mine = ++asked;
  at('answer').setAttribute('aria-busy', 'true');
  try {
    const said = await ask('whatif', { instance: instance(), mask: mask() });
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
    const said = await ask('why', { instance: instance() });
    if (mine !== explained) return;
    why = said;
    place(said.article, at('reasons'));
    if (hides) drawWords();
    if (hides && state.struck.length) answerNow();
  } catch (error) {
    if (mine === explained) fail(error.message);
  }
  if (mine === explained) at('reasons').removeAttribute('aria-busy');
}

// -- what the person does ------------------------------------------------------
function change(next, { anew = true, keep = true } = {}) {
  if (keep) history.push(state);
  state = next;
  at('undo').disabled = at('again').disabled = history.length === 0;
  window.history.replaceState(null, '', '#' + encodeURIComponent(JSON.stringify(state)));
  warn();
  answerNow();
  if (!anew) return;
  explained += 1;
  clearTimeout(timer);
  timer = setTimeout(explainNow, IDLE);
}
function restore(next) {
  const anew = !hides || next.text !== state.text;
  if (anew) why = null;
  change(next, { keep: false, anew });
  drawControls();
  if (!anew) drawWords();
}
at('undo').addEventListener('click', () => restore(history.pop()));
at('again').addEventListener('click', () => { history.length = 0; restore(begin()); });
at('keep').addEventListener('click', async () => {
  try {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await ask('page', { instance: instance() }));
    link.download = `${data.model}.html`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) { fail(error.message); }
});

function read() {
  try {
    const found = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    if (hides) {
      const known = data.kind === 'series' || typeof found.text === 'string';
      const whole = known && Array.isArray(found.struck) && found.struck.every(Number.isInteger);
      if (!whole) return null;
      return data.kind === 'text' ? { text: found.text, struck: found.struck } : { struck: found.struck };
    }
    const fits = Array.isArray(found.values) && found.values.length === data.columns.length;
    return fits ? { values: found.values } : null;
  } catch { return null; }
}

// -- drawing -------------------------------------------------------------------
function drawControls() {
  const form = at('controls');
  form.replaceChildren();
  if (data.kind === 'series') return;
  if (data.kind === 'text') {
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
  data.columns.forEach((column, i) => form.append(control(column, i)));
}
function set(i, value) {
  change({ values: state.values.map((old, j) => (j === i ? value : old)) });
}
function control(column, i) {
  const id = `c${i}`, value = state.values[i];
  const label = make('label', { for: id, dir: 'auto' }, column.name);
  let field;
  if (column.type === 'choice') {
    field = make('select', { id });
    column.choices.forEach((choice, k) => {
      const option = make('option', { value: k }, String(choice));
      option.selected = choice === value;
      field.append(option);
    });
    if (!column.choices.includes(value)) {
      const other = make('option', { value: -1, selected: true }, value === null ? 'missing' : String(value));
      field.prepend(other);
      field.value = '-1';
    }
    field.addEventListener('change', () => set(i, field.value === '-1' ? value : column.choices[field.value]));
    return make('div', { class: 'control' }, label, field);
  }
  if (column.type === 'number') return number(column, i, id, label);
  field = make('input', { id, type: 'text', dir: 'auto' });
  field.value = value ?? '';
  field.addEventListener('input', () => set(i, field.value === '' ? null : field.value));
  return make('div', { class: 'control' }, label, field);
}
function number(column, i, id, label) {
  const field = make('input', { id, type: 'number', step: column.whole ? 1 : 'any', 'aria-describedby': `${id}r` });
  field.value = state.values[i] ?? '';
  const known = column.low !== null && column.high > column.low;
  const range = make('span', { id: `${id}r`, class: 'range' }, known ? `${short(column.low)} to ${short(column.high)}` : '');
  const row = make('div', { class: 'control' }, label, field);
  if (known) {
    const step = column.whole ? 1 : (column.high - column.low) / 200;
    const slide = make('input', {
      type: 'range', min: column.low, max: column.high, step, 'aria-label': `${column.name}, slider`,
    });
    slide.value = state.values[i] ?? column.low;
    slide.addEventListener('input', () => { field.value = short(+slide.value); set(i, +field.value); });
    field.addEventListener('input', () => { slide.value = field.value; });
    row.append(slide);
  }
  field.addEventListener('input', () => {
    if (field.value === '') { if (!field.validity.badInput) set(i, null); return; }
    if (Number.isFinite(field.valueAsNumber)) set(i, field.valueAsNumber);
  });
  row.append(range);
  return row;
}
const short = (value) => String(+value.toPrecision(6));

function drawWords() {
  const focused = document.activeElement?.dataset?.place;
  const box = at('words');
  box.replaceChildren();
  if (!why) return;
  why.parts.forEach(([text, j], place) => {
    if (j === null) { box.append(text); return; }
    const word = make('button', { type: 'button', 'aria-pressed': String(state.struck.includes(j)), dir: 'auto', 'data-place': place }, text);
    word.addEventListener('click', () => {
      const struck = state.struck.includes(j) ? state.struck.filter((k) => k !== j) : [...state.struck, j];
      change({ ...state, struck }, { anew: false });
      drawWords();
    });
    box.append(word);
    if (String(place) === focused) word.focus();
  });
}

function drawAnswer(outputs) {
  // shares are drawn as shares of one, other numbers against the largest
  const largest = Math.max(...outputs.map((o) => Math.abs(o.value)), 1e-300);
  const most = outputs.every((o) => o.value >= 0 && o.value <= 1) ? 1 : largest;
  const rows = [...outputs].sort((a, b) => b.value - a.value).slice(0, 10).map((output) => {
    const before = whole.find((other) => other.name === output.name);
    const moved = before === undefined ? 0 : output.value - before.value;
    const bar = make('i');
    bar.style.setProperty('--p', (Math.abs(output.value) / most).toFixed(4));
    const change = Math.abs(moved) < 5e-4 * most ? '' : `${moved > 0 ? '+' : '−'}${Math.abs(moved).toPrecision(3)}`;
    return make('li', {}, make('span', { class: 'oname', dir: 'auto' }, output.name), bar,
      make('data', { value: output.value }, output.value.toFixed(3)),
      make('span', { class: moved > 0 ? 'up' : 'down' }, change), make('span', { class: 'g' }, surrogate(output.name)));
  });
  at('answer').replaceChildren(make('ul', { 'aria-label': 'Outputs of the model' }, ...rows));
}
function surrogate(name) {
  if (!why || !hides) return '';
  const k = why.surrogate.targets.indexOf(name);
  if (k < 0) return '';
  let g = why.surrogate.local_prediction[k];
  for (const j of state.struck) g -= why.surrogate.coef[k][j];
  return `surrogate ${g.toFixed(3)}`;
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

drawControls();
warn();
// what the instance says as it was given is what changes are held against
ask('whatif', { instance: instance(begin()), mask: null })
  .then((said) => { whole = said.outputs; }, () => {}).then(() => { answerNow(); explainNow(); });
