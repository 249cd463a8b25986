// The dashboard: every filter asks the server for sums, samples and a few rows. The last question wins.
// The address holds the filter, so that it can be sent to somebody, and Back takes the last change back.
import { make, place } from './pieces.js';
const data = JSON.parse(document.getElementById('data').textContent);
const at = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const EMPTY = { target: data.start, reason: null, direction: null, low: null, high: null, condition: null, cause: null };
const named = new Map(); // names of conditions that were met
let state = { filter: { ...EMPTY }, feature: null, offset: 0, ...read() };
let asked = 0;

function read() {
  try { return JSON.parse(decodeURIComponent(location.hash.slice(1))); } catch { return {}; }
}
async function ask(view, more = {}) {
  const answer = await fetch(`dashboard/${view}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ filter: state.filter, ...more }),
  });
  const said = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(said.error);
  return said;
}
async function show() {
  const mine = ++asked;
  at('views').setAttribute('aria-busy', 'true');
  try {
    const overview = await ask('overview');
    if (mine !== asked) return;
    const most = overview.importance[0];
    const feature = state.feature ?? (most ? most.code : null);
    drawCount(overview.count);
    drawImportance(overview.importance, feature, overview.count);
    drawSwarm(overview.swarm);
    drawMap(overview.map, overview.count);
    const [effect, examples, rows] = await Promise.all([
      feature === null ? null : ask('effect', { feature }), ask('examples'), ask('rows', { offset: state.offset })]);
    if (mine !== asked) return;
    drawEffect(effect);
    drawExamples(examples.rows);
    drawRows(rows);
    fail('');
  } catch (error) {
    if (mine === asked) fail(error.message);
  }
  if (mine === asked) at('views').removeAttribute('aria-busy');
}
function change(filter, more = {}) {
  state = { ...state, offset: 0, filter: { ...state.filter, ...filter }, ...more };
  history.pushState(null, '', '#' + encodeURIComponent(JSON.stringify(state)));
  drawFilters();
  show();
}
addEventListener('popstate', () => {
  state = { filter: { ...EMPTY }, feature: null, offset: 0, ...read() };
  drawFilters();
  show();
});

// -- filters -------------------------------------------------------------------
function drawFilters() {
  const { filter } = state;
  const focused = document.activeElement?.id;
  const choices = (id, label, options, value, then) => {
    const field = make('select', { id });
    for (const [key, text] of options) {
      const option = make('option', { value: key }, text);
      option.selected = String(value ?? '') === String(key);
      field.append(option);
    }
    field.addEventListener('change', () => then(field.value === '' ? null : Number(field.value)));
    return make('div', { class: 'filter' }, make('label', { for: id }, label), field);
  };
  const bound = (id, label) => {
    const field = make('input', { id, type: 'number', step: 'any' });
    field.value = filter[id] ?? '';
    field.addEventListener('change', () => change({ [id]: field.value === '' ? null : field.valueAsNumber }));
    return make('div', { class: 'filter' }, make('label', { for: id }, label), field);
  };
  const numbered = (names) => names.map((name, code) => [code, name]);
  const form = at('filters');
  form.replaceChildren(
    choices('target', 'Output', numbered(data.targets), filter.target, (target) => change({ ...EMPTY, target })),
    choices('reason', 'Because of', [['', 'any reason'], ...numbered(data.features)], filter.reason, (reason) => change({ reason })),
    choices('direction', 'which speaks', [['', 'either way'], [1, 'for it'], [-1, 'against it']], filter.direction, (direction) => change({ direction })),
    bound('low', 'Answer from'), bound('high', 'to'),
    choices('cause', 'Verdict', [['', 'any'], ...numbered(data.causes)], filter.cause, (cause) => change({ cause })));
  if (filter.condition !== null) {
    const only = make('button', { type: 'button' }, `Only ${named.get(filter.condition) ?? 'one condition'} ×`);
    only.setAttribute('aria-label', `Not only ${named.get(filter.condition) ?? 'one condition'}`);
    only.addEventListener('click', () => change({ condition: null }));
    form.append(only);
  }
  const all = make('button', { type: 'button', disabled: JSON.stringify(filter) === JSON.stringify({ ...EMPTY, target: filter.target }) }, 'All rows');
  all.addEventListener('click', () => change({ ...EMPTY, target: filter.target }));
  form.append(all);
  if (focused) at(focused)?.focus();
}

// -- drawing -------------------------------------------------------------------
const whole = (n) => n.toLocaleString('en');
const short = (x) => (x === null ? '?' : Math.abs(x) >= 1e5 || (x !== 0 && Math.abs(x) < 1e-5) ? x.toExponential(2) : String(+x.toPrecision(3)));
const signed = (x) => (x > 0 ? '+' : x < 0 ? '−' : '') + short(Math.abs(x));
const share = (n, all) => (all ? `${(100 * n / all).toFixed(n && n / all < 0.1 ? 1 : 0)} %` : '');
const name = (text) => make('bdi', {}, text);
function table(label, head, rows) {
  if (!rows.length) return make('p', { class: 'soft' }, 'No row is left.');
  const top = make('tr', {}, ...head.map((text) => (text ? make('th', { scope: 'col' }, text) : make('td'))));
  const body = rows.map((cells) => make('tr', {}, ...cells.map((cell, i) => make(i ? 'td' : 'th', i ? {} : { scope: 'row' }, ...[cell].flat()))));
  return make('div', { class: 'scroll', role: 'region', 'aria-label': `${label}, table`, tabindex: 0 },
    make('table', {}, make('thead', {}, top), make('tbody', {}, ...body)));
}
function button(text, then, more = {}) {
  const made = make('button', { type: 'button', class: 'plain', ...more }, text);
  made.addEventListener('click', then);
  return made;
}
function bar(value, most, tick = null, kind = 'bar') {
  const track = make('span', { class: kind, 'aria-hidden': 'true' }, make('i', { class: value < 0 ? 'neg' : 'pos' }));
  const width = most ? Math.abs(value) / most : 0;
  track.firstChild.style.setProperty('--p', width.toFixed(4));
  if (tick !== null && most) {
    track.append(make('b'));
    track.lastChild.style.setProperty('--t', Math.min(1, tick / most).toFixed(4));
  }
  return track;
}
function drawCount(count) {
  const failed = data.failed ? `; ${whole(data.failed)} rows could not be explained` : '';
  at('count').textContent = `${whole(count)} of ${whole(data.n)} explanations${failed}`;
}
const both = data.two ? ' Of two classes all rows count: what is for one is against the other.' : '';
function drawImportance(entries, feature, count) {
  const most = Math.max(...entries.map((e) => e.mean_abs), 0);
  const rows = entries.map((e) => [
    button(name(e.feature), () => change({}, { feature: e.code, offset: state.offset }), { 'aria-pressed': String(e.code === feature) }),
    bar(e.mean_abs, most, e.noise), short(e.mean_abs), signed(e.mean),
    button(share(e.leads, count), () => change({ reason: e.code }), { 'aria-label': `Only rows because of ${e.feature}, ${whole(e.leads)}` }),
  ]);
  at('importance').replaceChildren(
    table('What matters', ['Feature', '', 'mean |contribution|', 'mean', 'largest reason of'], rows),
    make('p', { class: 'soft' }, `Against the average row. The line in a bar is what noise alone would show.${both}`));
}
function drawEffect(effect) {
  if (!effect) { at('effect').replaceChildren(); return; }
  effect.bins.forEach((bin) => named.set(bin.code, bin.condition));
  const most = Math.max(...effect.bins.map((bin) => Math.abs(bin.mean)), 0);
  const rows = effect.bins.map((bin) => [
    button(name(bin.condition), () => change({ condition: bin.code }), { 'aria-label': `Only ${bin.condition}` }),
    bar(bin.mean, most, null, 'bar two'), `${signed(bin.mean)} ± ${short(bin.spread)}`, short(bin.prediction), whole(bin.count),
  ]);
  at('effect').replaceChildren(make('h3', {}, name(effect.feature)),
    table('What each value does', ['Value', '', 'mean contribution ± spread', 'mean answer', 'rows'], rows));
}
function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
function drawSwarm(strips) {
  const all = strips.flatMap((strip) => strip.points);
  const low = Math.min(0, ...all), high = Math.max(0, ...all), x = (v) => 4 + 392 * (v - low) / ((high - low) || 1);
  const rows = strips.map((strip) => {
    const picture = svg('svg', { viewBox: '0 0 400 34', role: 'img', 'aria-label':
      `${strip.feature}: contributions from ${signed(strip.points[0] ?? 0)} to ${signed(strip.points.at(-1) ?? 0)}` });
    picture.append(svg('line', { x1: x(0), x2: x(0), y1: 0, y2: 34, class: 'zero' }));
    const stacked = new Map();
    for (const value of strip.points) { // points that would cover each other are moved apart
      const column = Math.round(x(value) / 3), k = stacked.get(column) ?? 0;
      stacked.set(column, k + 1);
      const y = 17 + (k % 2 ? 1 : -1) * Math.ceil(k / 2) * 1.6;
      picture.append(svg('circle', { cx: x(value).toFixed(1), cy: Math.max(2, Math.min(32, y)).toFixed(1), r: 1.9, class: value < 0 ? 'neg' : 'pos' }));
    }
    return make('li', {}, make('span', { class: 'fname' }, name(strip.feature)), picture);
  });
  at('swarm').replaceChildren(make('ul', { class: 'swarm' }, ...rows),
    make('p', { class: 'soft' }, `${whole(all.length)} points, from rows that lie evenly among those chosen: ${signed(low)} at the left, ${signed(high)} at the right.`));
}
function drawMap(map, count) {
  const size = map.cells.length, most = Math.max(1, ...map.cells.flat());
  const picture = svg('svg', { viewBox: `0 0 ${size * 10} ${size * 10}`, role: 'img', 'aria-label':
    `How many rows have which answer, ${short(map.low)} to ${short(map.high)}, and fidelity, 0 to 1` });
  map.cells.forEach((row, up) => row.forEach((n, across) => {
    if (!n) return;
    picture.append(svg('rect', { x: across * 10, y: (size - 1 - up) * 10, width: 10, height: 10, 'fill-opacity': (0.12 + 0.88 * Math.log1p(n) / Math.log1p(most)).toFixed(3) }));
  }));
  const verdicts = map.causes.map((each) => [
    button(each.cause, () => change({ cause: each.code }), { 'aria-label': `Only verdict ${each.cause}` }), whole(each.count), share(each.count, count)]);
  at('map').replaceChildren(make('div', { class: 'map' },
    make('figure', {}, picture, make('figcaption', { class: 'soft' },
      `Across: the answer, ${short(map.low)} to ${short(map.high)}. Up: held-out fidelity, 0 or less to 1. Darker: more rows, on a log scale.`)),
    table('Verdicts', ['Verdict', 'rows', 'share'], verdicts)));
}
function reasons(row) {
  return row.reasons.flatMap((each, i) => [i ? ', ' : '', name(each.condition), ' ', make('span', { class: each.contribution < 0 ? 'down' : 'up' }, signed(each.contribution))]);
}
function listed(label, rows) {
  return table(label, ['Id', 'answer', 'fidelity', 'verdict', 'reasons'], rows.map((row) => [
    button(name(row.id), () => open(row), { 'aria-label': `Open row ${row.id}` }), short(row.prediction), short(row.fidelity), row.cause, reasons(row)]));
}
function drawExamples(rows) {
  at('examples').replaceChildren(listed('Picked examples', rows),
    make('p', { class: 'soft' }, 'Few rows in which together most of what matters is seen (submodular pick among 500).'));
}
function drawRows(found) {
  const last = found.offset + found.rows.length;
  const move = (offset) => change({}, { offset });
  const pages = make('div', { class: 'tools', role: 'group', 'aria-label': 'Pages' },
    button('Before', () => move(Math.max(0, found.offset - 25)), { disabled: found.offset === 0 }),
    button('After', () => move(last), { disabled: last >= found.count }),
    make('span', { class: 'soft' }, found.count ? `${whole(found.offset + 1)} to ${whole(last)} of ${whole(found.count)}` : ''));
  at('rows').replaceChildren(listed('Rows', found.rows), pages);
}
async function open(row) {
  try {
    const said = await ask('row', { place: row.place });
    place(said.article, at('article'));
    at('h-detail').textContent = `Row ${said.id}`;
    at('detail').hidden = false;
    at('detail').focus();
    at('detail').scrollIntoView();
  } catch (error) { fail(error.message); }
}
function fail(sentence) {
  at('failed').hidden = sentence === '';
  at('failed').textContent = sentence;
}

drawFilters();
show();
