// What stands in a notebook's output: a frame with the live page, and the way from it to the kernel and back.
// The picture that was shown before it stays until a kernel answers, and where none does.
const PATIENCE = 8000;
function render({ model, el }) {
  const frame = document.createElement('iframe');
  const note = document.createElement('p');
  frame.title = 'What if?';
  frame.className = 'limelight-live';
  frame.style.cssText = 'width:100%;height:0;border:0;display:block;color-scheme:normal';
  note.style.cssText = 'font:13px system-ui,sans-serif;margin:6px 0';
  note.textContent = 'Waiting for the kernel…';
  const alone = setTimeout(() => { note.textContent = 'No kernel answers, so nothing can be changed. Run the cell again.'; }, PATIENCE);
  let answered = false;
  const hear = (event) => {
    if (event.source !== frame.contentWindow) return;
    const said = event.data;
    if (said?.limelight === 'height' && answered) frame.style.height = `${Math.ceil(said.height)}px`;
    if (said?.limelight === 'height') frame.dataset.height = Math.ceil(said.height);
    if (said?.limelight === 'ask') model.send({ id: said.id, verb: said.verb, model: said.model, body: said.body });
  };
  const pass = (said) => {
    if (!answered) {
      answered = true;
      clearTimeout(alone);
      note.remove();
      frame.style.height = `${frame.dataset.height ?? 600}px`;
      for (const still of document.querySelectorAll(`[data-limelight="${model.get('key')}"]`)) still.style.display = 'none';
    }
    frame.contentWindow?.postMessage({ ...said, limelight: 'said' }, '*');
  };
  addEventListener('message', hear);
  model.on('msg:custom', pass);
  frame.srcdoc = model.get('page');
  el.append(note, frame);
  return () => {
    clearTimeout(alone);
    removeEventListener('message', hear);
    model.off('msg:custom', pass);
  };
}
export default { render };
