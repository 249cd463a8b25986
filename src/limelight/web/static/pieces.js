// What the pages share: elements, and an explanation that the server has drawn.
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

export function place(article, into, picture = 'data:,') {
  const holder = make('div');
  holder.innerHTML = article; // made and escaped by views/html.py; the policy runs nothing in it
  for (const each of holder.querySelectorAll('[data-style]')) each.style.cssText = each.dataset.style;
  for (const each of holder.querySelectorAll('script')) each.remove();
  for (const each of holder.querySelectorAll('img[data-picture]')) each.src = picture;
  // the page has its own h1 and h2
  for (const [from, to] of [['h1', 'h3'], ['h3', 'h4']]) {
    for (const old of holder.querySelectorAll(from)) {
      if ('done' in old.dataset) continue;
      const heading = make(to, { 'data-done': true });
      heading.className = from === 'h1' ? 'head' : '';
      heading.append(...old.childNodes);
      old.replaceWith(heading);
    }
  }
  into.replaceChildren(...holder.childNodes);
}

// -- what a model says ---------------------------------------------------------
export const fixed3 = (value) => value.toFixed(3).replace(/^-(?=[0.]*$)/, '').replace('-', '−'); // never a negative zero
export function answers(outputs, whole, label, more = () => '') {
  // shares are drawn as shares of one, other numbers against the largest
  const largest = Math.max(...outputs.map((o) => Math.abs(o.value)), 1e-300);
  const most = outputs.every((o) => o.value >= 0 && o.value <= 1) ? 1 : largest;
  const rows = [...outputs].sort((a, b) => b.value - a.value).slice(0, 10).map((output) => {
    const before = whole?.find((other) => other.name === output.name);
    const moved = before === undefined ? 0 : output.value - before.value;
    const bar = make('i');
    bar.style.setProperty('--p', (Math.abs(output.value) / most).toFixed(4));
    const change = Math.abs(moved) < 5e-4 * most ? '' : `${moved > 0 ? '+' : '−'}${Math.abs(moved).toPrecision(3)}`;
    return make('li', {}, make('span', { class: 'oname', dir: 'auto' }, output.name), bar,
      make('data', { value: output.value }, fixed3(output.value)),
      make('span', { class: moved > 0 ? 'up' : 'down' }, change), make('span', { class: 'g' }, more(output.name)));
  });
  return make('ul', { 'aria-label': label }, ...rows);
}

// -- controls of a column ------------------------------------------------------
const short = (value) => String(+value.toPrecision(6));
export function control(column, i, value, set) {
  const id = `c${i}`, label = make('label', { for: id, dir: 'auto' }, column.name);
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
  } else {
    field = make('input', { id, type: 'text', dir: 'auto' });
    field.value = value ?? '';
    field.addEventListener('input', () => set(i, field.value === '' ? null : field.value));
  }
  return make('div', { class: 'control' }, label, field);
}
export function number(column, i, value, set) {
  const id = `c${i}`, label = make('label', { for: id, dir: 'auto' }, column.name);
  const field = make('input', { id, type: 'number', step: column.whole ? 1 : 'any', 'aria-describedby': `${id}r` });
  field.value = value ?? '';
  const known = column.low !== null && column.high > column.low;
  const range = make('span', { id: `${id}r`, class: 'range' }, known ? `${short(column.low)} to ${short(column.high)}` : '');
  const row = make('div', { class: 'control' }, label, field);
  if (known) {
    const step = column.whole ? 1 : (column.high - column.low) / 200;
    const slide = make('input', {
      type: 'range', min: column.low, max: column.high, step, 'aria-label': `${column.name}, slider`,
    });
    slide.value = value ?? column.low;
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

// -- pictures in parts -----------------------------------------------------------
// result/layouts.py, encode_segments: rows minus the row above, uint16, zlib, base64
export async function segments({ width, height, segments: text }) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const view = new DataView(await new Response(stream).arrayBuffer());
  const labels = new Uint16Array(width * height);
  for (let i = 0; i < labels.length; i += 1) labels[i] = view.getUint16(2 * i, true) + (i >= width ? labels[i - width] : 0);
  return labels;
}
export const border = (labels, i, width) => [1, -1, width, -width].some((step) => labels[i + step] !== labels[i]);
export function under(event, labels, width, height) {
  const box = event.currentTarget.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / box.width * width);
  const y = Math.floor((event.clientY - box.top) / box.height * height);
  return labels[y * width + x];
}
export function paint(canvas, colour) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const picture = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i += 1) {
    const found = colour(i);
    if (found) picture.data.set(found, 4 * i);
  }
  context.putImageData(picture, 0, 0);
}
