// What the pages share: elements, and an explanation that the server has drawn.
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

export function place(article, into) {
  const holder = make('div');
  holder.innerHTML = article; // made and escaped by views/html.py; the policy runs nothing in it
  for (const each of holder.querySelectorAll('[data-style]')) each.style.cssText = each.dataset.style;
  for (const each of holder.querySelectorAll('script')) each.remove();
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
