// Names for what ipywidgets leaves without one, and keys that stay with the control that has the focus. All of it is
// done to the box that stands around this widget, also when controls come and go there.

function set(element, attribute, value) {
  if (element && element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

function nameSliders(box) {
  for (const slider of box.querySelectorAll(".widget-slider")) {
    const name = slider.querySelector("label").textContent;
    const readout = slider.querySelector(".widget-readout");
    const handle = slider.querySelector("[role=slider]");
    set(handle, "aria-label", name);
    set(handle, "aria-valuetext", readout.textContent); // and not the power of ten, or 0.9000000000000001
    if (readout.isContentEditable) {
      set(readout, "role", "textbox");
      set(readout, "aria-label", `${name}, as a number`);
    }
  }
}

function nameChoices(box) {
  const question = box.querySelector(".lrcourse-question");
  if (!question) return;
  question.id ||= `lrcourse-${Math.random().toString(36).slice(2)}`; // of each view, since it also groups the choices
  const group = box.querySelector(".widget-radio-box");
  set(group, "role", "radiogroup");
  set(group, "aria-labelledby", question.id);
  for (const choice of box.querySelectorAll("input[type=radio]")) set(choice, "name", question.id);
}

function namePlay(box) {
  const names = ["play or pause", "stop", "repeat"];
  box.querySelectorAll(".widget-play button").forEach((button, i) => set(button, "aria-label", names[i]));
}

function nameWhatIsSaid(box) {
  const said = box.querySelector(".lrcourse-said .widget-html-content");
  set(said, "role", "status"); // read out when it changes
  set(said, "tabindex", "-1");
  return said;
}

function keepKeys(event) {
  // JupyterLab would take arrows to move between cells, and letters to insert, cut and change them.
  const forLab = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
  const control = event.target.closest("input, select, button, [role=slider], [role=textbox]");
  if (control && !forLab && event.key !== "Escape") event.stopPropagation();
}

function takeWhatWasTyped(event) {
  // ipywidgets waits for a blur of a slider's number, which in browsers does not bubble: only Enter was heard.
  if (event.target.matches(".widget-readout")) event.target.dispatchEvent(new Event("blur", { bubbles: true }));
}

function render({ model, el }) {
  const stop = new AbortController();
  let box = null;

  function name() {
    nameSliders(box);
    nameChoices(box);
    namePlay(box);
    const said = nameWhatIsSaid(box);
    for (const image of box.querySelectorAll("img.widget-image")) set(image, "alt", model.get("alt"));
    const focused = document.activeElement;
    if (box.contains(focused) && focused.disabled) said?.focus(); // else the focus, and Shift+Enter, would be lost
  }

  const changes = new MutationObserver(name);
  // The box is there as soon as this widget, of some size, is on the page.
  const shown = new ResizeObserver(() => {
    if (box || !el.isConnected) return;
    box = el.parentElement;
    box.addEventListener("keydown", keepKeys, { signal: stop.signal });
    box.addEventListener("focusout", takeWhatWasTyped, { signal: stop.signal });
    const attributeFilter = ["disabled", "aria-valuetext"];
    changes.observe(box, { subtree: true, childList: true, attributeFilter });
    name();
  });
  // Of some size, but not seen: nor is the mark that ipywidgets gives to each widget whose kernel has gone.
  Object.assign(el.style, { height: "1px", overflow: "hidden", visibility: "hidden" });
  shown.observe(el);
  return () => {
    stop.abort();
    changes.disconnect();
    shown.disconnect();
  };
}

export default { render };
