// What a page can do beyond being read: tabs, striking features out, links between picture and bars, sliders.
// No library, no network. All numbers come from the page; the arithmetic is g(x′) minus the weights struck out.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // The same writing as views/facts.py: fixed places, a real minus, never a negative zero.
  const write = (value, decimals) => {
    if (decimals === null) {
      if (value === 0) return "0";
      const [mantissa, exponent] = value.toExponential(2).split("e");
      return `${mantissa}e${Number(exponent)}`.replaceAll("-", "−");
    }
    let text = value.toFixed(decimals);
    if (/^-[0.]*$/.test(text)) text = text.slice(1);
    const [whole, ...rest] = text.split(".");
    return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".").replace("-", "−");
  };

  const owner = (event) => event.target instanceof Element && event.target.closest("[data-f]");

  document.querySelectorAll("article.ll").forEach((article, number) => {
    const data = JSON.parse(article.querySelector(".ll-data").textContent);
    const panels = [...article.querySelectorAll(".panel")];
    const struck = new Set();
    const listeners = [];
    const parts = (feature) => article.querySelectorAll(`[data-f="${feature}"]`);

    // -- striking out -------------------------------------------------------------------------------------------------
    const changed = () => {
      panels.forEach((panel, row) => {
        const target = data.targets[row];
        const now = panel.querySelector(".now");
        if (!now) return;
        const gone = [...struck].reduce((sum, feature) => sum + target.coef[feature], 0);
        panel.querySelector(".reset").hidden = struck.size === 0;
        if (struck.size === 0) {
          now.textContent = now.dataset.hint;
          return;
        }
        const verb = data.without[struck.size === 1 ? 0 : 1];
        const value = make("b", {}, write(target.g - gone, target.decimals));
        value.dataset.value = target.g - gone;
        const what = struck.size === 1 ? "this one" : `these ${struck.size}`;
        now.replaceChildren(`If ${what} ${verb}, the surrogate expects `, value, ` instead of ${write(target.g, target.decimals)}.`);
      });
      listeners.forEach((listener) => listener());
    };
    const mark = (feature) => parts(feature).forEach((part) => {
      part.classList.toggle("struck", struck.has(feature));
      part.querySelector("button.name")?.setAttribute("aria-pressed", struck.has(feature));
    });
    const toggle = (feature) => {
      if (!struck.delete(feature)) struck.add(feature);
      mark(feature);
      changed();
    };
    const reset = () => {
      const before = [...struck];
      struck.clear();
      before.forEach(mark);
      changed();
    };
    const additive = data.targets.every((target) => target.additive);

    // -- the picture and the bars light each other --------------------------------------------------------------------
    const light = (feature, on) => parts(feature).forEach((part) => part.classList.toggle("lit", on));
    let lit = null;
    const show = (feature) => {
      if (lit === feature) return;
      if (lit !== null) light(lit, false);
      lit = feature;
      if (lit !== null) light(lit, true);
      listeners.forEach((listener) => listener());
    };
    for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
      article.addEventListener(enter, (event) => { const part = owner(event); if (part) show(Number(part.dataset.f)); });
      article.addEventListener(leave, (event) => { if (owner(event)) show(null); });
    }

    // -- each target --------------------------------------------------------------------------------------------------
    panels.forEach((panel, row) => {
      const tools = make("div", { class: "tools" });
      const weights = panel.querySelector(".weights");
      if (additive && data.targets[row].coef.length) {
        const hint = data.hint;
        const now = make("p", { class: "now", role: "status" }, hint);
        now.dataset.hint = hint;
        const clear = make("button", { type: "button", class: "reset", hidden: "" }, "Put back");
        clear.addEventListener("click", reset);
        tools.append(now, clear);
        panel.querySelectorAll("tbody tr[data-f] .name").forEach((name) => {
          const button = make("button", { type: "button", class: "name", "aria-pressed": "false", title: data.verb });
          button.append(...name.childNodes);
          name.replaceWith(button);
        });
        panel.addEventListener("click", (event) => {
          const part = owner(event);
          const chosen = part && (part.closest("tr") ? event.target.closest("button.name") : !getSelection().toString());
          if (chosen) toggle(Number(part.dataset.f));
        });
      }
      if (panel.querySelector("tr.end")) {
        const fall = make("button", { type: "button", "aria-pressed": "false" }, "Waterfall");
        fall.addEventListener("click", () => fall.setAttribute("aria-pressed", weights.classList.toggle("waterfall")));
        tools.append(fall);
      }
      if (panel.querySelector(".gap")) fold(panel, tools);
      if (tools.childNodes.length) panel.querySelector(".body").before(tools);
      if (data.raster && panel.querySelector("div.raster")) image(panel, data.targets[row]);
    });
    tabs(article, panels, number, data.first);

    // -- long texts ---------------------------------------------------------------------------------------------------
    function fold(panel, tools) {
      const text = panel.querySelector(".picture");
      const button = make("button", { type: "button", "aria-pressed": "false" }, "Whole text");
      const set = (whole) => {
        text.classList.toggle("folded", !whole);
        button.setAttribute("aria-pressed", whole);
      };
      button.addEventListener("click", () => set(text.classList.contains("folded")));
      text.addEventListener("click", (event) => { if (event.target.classList.contains("gap")) set(true); });
      tools.append(button);
      set(false);
    }

    // -- images -------------------------------------------------------------------------------------------------------
    async function image(panel, target) {
      const { width, height } = data.raster;
      const labels = await segments(data.raster);
      const feature = new Map(data.labels.map((label, index) => [label, index]));
      const label = new Map(data.labels.map((name, index) => [index, name]));
      const layer = (name, text) => {
        const canvas = make("canvas", { width, height, ...(text ? { role: "img", "aria-label": text } : { "aria-hidden": "true" }) });
        panel.querySelector(`.${name} .pic`)?.append(canvas);
        return canvas;
      };
      const [original, heat, mask] = [layer("orig"), layer("heat"), layer("mask", "strongest segments")];
      panel.querySelector(".mask img.over")?.remove();
      const slider = make("input", { type: "range", min: 0, max: target.order.length, class: "k" });
      const opacity = make("input", { type: "range", min: 0, max: 100, value: 80, class: "opacity" });
      const count = panel.querySelector(".mask output");
      slider.value = count.textContent;
      panel.querySelector(".rasterkey").append(make("label", {}, "Opacity", opacity), make("label", {}, "Segments kept", slider));

      const veil = () => {
        count.textContent = slider.value;
        const kept = new Set(target.order.slice(0, Number(slider.value)).map((index) => label.get(index)));
        paint(mask, (at) => (kept.has(labels[at]) ? null : data.veil));
      };
      const marks = () => {
        const gone = new Set([...struck].map((index) => label.get(index)));
        paint(original, (at) => (gone.has(labels[at]) ? data.veil : null));
        const chosen = lit === null ? undefined : label.get(lit);
        paint(heat, (at) => (chosen !== undefined && labels[at] === chosen && border(at) ? [20, 20, 20, 255] : null));
      };
      const border = (at) => [1, -1, width, -width].some((step) => labels[at + step] !== labels[at]);
      const under = (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const x = Math.floor((event.clientX - box.left) / box.width * width);
        const y = Math.floor((event.clientY - box.top) / box.height * height);
        return feature.get(labels[y * width + x]);
      };
      panel.querySelectorAll(".pic").forEach((picture) => {
        picture.addEventListener("pointermove", (event) => show(under(event) ?? null));
        picture.addEventListener("pointerleave", () => show(null));
        if (additive) picture.addEventListener("click", (event) => { const hit = under(event); if (hit !== undefined) toggle(hit); });
      });
      slider.addEventListener("input", veil);
      opacity.addEventListener("input", () => panel.style.setProperty("--o", opacity.value / 100));
      listeners.push(marks);
      veil();
      marks();
      panel.dataset.ready = "true";
    }
    changed();
  });

  function paint(canvas, colour) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const picture = context.createImageData(canvas.width, canvas.height);
    for (let at = 0; at < canvas.width * canvas.height; at += 1) {
      const found = colour(at);
      if (found) picture.data.set(found, 4 * at);
    }
    context.putImageData(picture, 0, 0);
  }

  // limelight/layouts.py, encode_segments: rows minus the row above, uint16, zlib, base64.
  async function segments({ width, height, segments: text }) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const view = new DataView(await new Response(stream).arrayBuffer());
    const labels = new Uint16Array(width * height);
    for (let at = 0; at < labels.length; at += 1) {
      labels[at] = view.getUint16(2 * at, true) + (at >= width ? labels[at - width] : 0);
    }
    return labels;
  }

  function tabs(article, panels, number, first) {
    if (panels.length < 2) return;
    const list = make("div", { class: "tabs", role: "tablist", "aria-label": "Explained outputs" });
    const buttons = panels.map((panel, row) => {
      panel.id ||= `ll-${number}-${row}`;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", `${panel.id}-tab`);
      const name = panel.querySelector("h3 bdi").cloneNode(true);
      return make("button", { type: "button", role: "tab", id: `${panel.id}-tab`, "aria-controls": panel.id }, name);
    });
    const select = (chosen) => buttons.forEach((button, row) => {
      button.setAttribute("aria-selected", row === chosen);
      button.tabIndex = row === chosen ? 0 : -1;
      panels[row].hidden = row !== chosen;
    });
    buttons.forEach((button, row) => {
      button.addEventListener("click", () => select(row));
      button.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, Home: -row, End: buttons.length - 1 - row }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        const next = (row + step + buttons.length) % buttons.length;
        select(next);
        buttons[next].focus();
      });
    });
    list.append(...buttons);
    article.querySelector(".panels").before(list);
    article.classList.add("tabbed");
    select(first);
  }

  // In a notebook the page is a frame: take the notebook's light or dark, and our own height.
  try {
    const frame = window.frameElement;
    if (frame && frame.classList.contains("limelight")) notebook(frame);
  } catch (_) { /* another origin: the operating system's colours, and the height that was guessed */ }

  function notebook(frame) {
    document.body.classList.add("framed");
    const outer = frame.ownerDocument;
    const theme = () => {
      for (let element = frame.parentElement; element; element = element.parentElement) {
        const [r, g, b, a = 1] = (getComputedStyle(element).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
        if (a > 0.5) {
          root.dataset.theme = 0.3 * r + 0.59 * g + 0.11 * b < 110 ? "dark" : "light";
          root.style.setProperty("--bg", `rgb(${r} ${g} ${b})`);
          return;
        }
      }
    };
    theme();
    new MutationObserver(theme).observe(outer.body, { attributes: true });
    new MutationObserver(theme).observe(outer.documentElement, { attributes: true });
    const resize = () => { frame.style.height = `${Math.ceil(document.body.getBoundingClientRect().height)}px`; };
    new ResizeObserver(resize).observe(document.body);
    resize();
  }
})();
