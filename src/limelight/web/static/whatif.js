// The live page: questions go to the service, and the address holds the state.
import { live } from './live.js';
const data = JSON.parse(document.getElementById('data').textContent);

async function ask(verb, body, model = data.model) {
  const answer = await fetch(`../v1/models/${encodeURIComponent(model)}:${verb}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (verb === 'page' && answer.ok) return answer.text();
  const said = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(said.error);
  return said;
}
function read() {
  try { return JSON.parse(decodeURIComponent(location.hash.slice(1))); } catch { return null; }
}
live(document, data, ask, {
  state: read(),
  remember: (state) => history.replaceState(null, '', '#' + encodeURIComponent(JSON.stringify(state))),
});
