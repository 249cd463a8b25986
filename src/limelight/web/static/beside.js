// Another model, or another instance, beside the one of the page: its answer, and what differs.
import { answers, make } from './pieces.js';
const GIVEN = 'as it was given', PINNED = 'as it is now';
const few = (x) => (x === null ? '–' : x === 0 ? '0' : Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3 ? x.toExponential(1) : String(+x.toPrecision(3)));
const signed = (x) => (x > 0 ? '+' : '') + few(x).replaceAll('-', '−');

// here: the page's own state and questions; the choice is {} or {model} or {against: a state}
export function besides(at, data, ask, here) {
  let choice = fitting(here.given), asked = 0, explained = 0;

  function fitting(found) {
    if (data.others?.includes(found?.beside)) return { model: found.beside };
    const against = found?.against, like = here.begin();
    const fits = !here.fixed && against && Object.keys(like).every((key) => typeof against[key] === typeof like[key])
      && (like.values === undefined || against.values.length === like.values.length);
    return fits ? { against } : {};
  }
  const name = () => choice.model ?? 'the other instance';
  function options() {
    const field = at('beside');
    const add = (value, text) => field.append(make('option', { value }, text));
    field.replaceChildren();
    add('', 'nothing');
    if (!here.fixed) { add('given', `the instance ${GIVEN}`); add('pinned', `the instance ${PINNED}`); }
    if (choice.against) add('kept', 'the instance kept');
    (data.others ?? []).forEach((other) => add(`m:${other}`, `model ${other}`));
    at('choose').hidden = field.options.length < 2;
    field.value = choice.model ? `m:${choice.model}` : choice.against ? 'kept' : '';
  }
  at('beside').addEventListener('change', () => {
    const value = at('beside').value;
    if (value === 'given') choice = { against: here.begin() };
    else if (value === 'pinned') choice = { against: structuredClone(here.now()) };
    else if (value !== 'kept') choice = value ? { model: value.slice(2) } : {};
    here.keep();
    show();
  });

  async function answer() {
    const mine = ++asked;
    at('other').hidden = !choice.model && !choice.against;
    if (at('other').hidden) return;
    const question = choice.model ? here.question() : here.instance(choice.against);
    try {
      const said = await ask('whatif', question, choice.model);
      if (mine === asked) at('other').replaceChildren(heading(name()), answers(said.outputs, null, `Outputs of ${name()}`));
    } catch (error) {
      if (mine === asked) at('other').replaceChildren(failed(error));
    }
  }
  async function explain() {
    const mine = ++explained;
    at('apart').hidden = !choice.model && !choice.against;
    if (at('apart').hidden) return;
    at('changes').setAttribute('aria-busy', 'true');
    const against = choice.model ? { other: choice.model } : { against: here.instance(choice.against).instance };
    try {
      const said = await ask('beside', { ...here.instance(), ...against });
      if (mine === explained) draw(said);
    } catch (error) {
      if (mine === explained) at('changes').replaceChildren(failed(error));
    }
    if (mine === explained) at('changes').removeAttribute('aria-busy');
  }
  const heading = (text) => make('h3', { dir: 'auto' }, text);
  const failed = (error) => make('p', { class: 'failed', role: 'alert' }, error.message);

  function draw(said) {
    const heads = choice.model ? [data.model, choice.model] : ['this instance', 'the other'];
    const most = Math.max(...said.rows.map((row) => Math.max(Math.abs(row.first ?? 0), Math.abs(row.second ?? 0))), 1e-300);
    const bar = (value) => {
      const track = make('span', { class: 'two', 'aria-hidden': 'true' }, make('i', { class: value < 0 ? 'neg' : 'pos' }));
      track.firstChild.style.setProperty('--p', (Math.abs(value ?? 0) / most).toFixed(4));
      return make('td', {}, track, make('span', {}, value === null ? '–' : signed(value)));
    };
    const rows = said.rows.map((row) => {
      const [one, two] = row.names;
      const title = one === two || two === null ? [make('bdi', {}, one)]
        : one === null ? [make('bdi', {}, two)] : [make('bdi', {}, one), ' → ', make('bdi', {}, two)];
      const half = (row.high - row.low) / 2, open = row.low <= 0 && row.high >= 0 && half > 0;
      return make('tr', {}, make('th', { scope: 'row' }, ...title), bar(row.first), bar(row.second),
        make('td', { class: open || row.change === 0 ? 'soft' : row.change > 0 ? 'up' : 'down' },
          `${signed(row.change)} ± ${few(half)}`, open ? ' ?' : ''));
    });
    const head = ['Feature', ...heads, 'change'].map((text) => make('th', { scope: 'col' }, make('bdi', {}, text)));
    const table = make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
    const more = said.n > said.rows.length ? ` ${said.rows.length} of ${said.n} features are shown.` : '';
    at('changes').replaceChildren(
      make('p', {}, 'Output ', make('b', {}, make('bdi', {}, said.output)), `: ${few(said.first)} and ${few(said.second)}.`),
      make('div', { class: 'scroll', role: 'region', 'aria-label': 'What differs, table', tabindex: 0 }, table),
      make('p', { class: 'soft' }, `These are ${said.what}; the change is the second less the first, with its 95 % interval, the surest `
        + `change first. A change marked ? may be none.${more}`),
      ...said.verdicts.map((verdict, i) => make('p', { class: 'soft' }, make('bdi', {}, heads[i]), ': ', verdict)));
  }
  function show() {
    options();
    answer();
    explain();
  }
  return { show, answer, explain, chosen: () => (choice.model ? { beside: choice.model } : choice.against ? { against: choice.against } : {}) };
}
