// The live page in a notebook's output: questions go up to the widget around it, which passes them on to the kernel.
import { live } from './live.js';
const data = JSON.parse(document.getElementById('data').textContent);
const waiting = new Map();
let count = 0;
function ask(verb, body, model = data.model) {
  return new Promise((resolve, reject) => {
    waiting.set(++count, { resolve, reject });
    parent.postMessage({ limelight: 'ask', id: count, verb, model, body: JSON.stringify(body) }, '*');
  });
}
addEventListener('message', (event) => {
  if (event.source !== parent || event.data?.limelight !== 'said') return;
  const { id, status, text, html } = event.data, asked = waiting.get(id);
  waiting.delete(id);
  if (!asked) return;
  if (html) asked.resolve(text);
  else if (status === 200) asked.resolve(JSON.parse(text));
  else asked.reject(new Error(JSON.parse(text).error));
});
new ResizeObserver(() => parent.postMessage({ limelight: 'height', height: document.body.scrollHeight }, '*')).observe(document.body);
live(document, data, ask);
