// The page of pictures: joins what is shown (sample_view.js) to the stage (stage.js), the controls and the address.
(function () {
  "use strict";
  const { View, Stage } = bokehbench;
  const { SIDES } = View;
  const REST_MS = 120; // how long a view has to stand still until it is sharpened, told and kept in the address
  const viewer = document.querySelector("[data-samples]");
  const data = bokehbench.samples[viewer.dataset.samples];
  const find = (name, value) => viewer.querySelector(value === undefined ? `[${name}]` : `[${name}="${value}"]`);
  const controls = {
    scene: find("data-scene"),
    level: find("data-level"),
    focus: find("data-focus"),
  };

  viewer.hidden = false;
  const view = new View(data);
  const stage = new Stage(find("data-stage"), viewer.dataset.root, zoomed);
  let resting = null;

  function zoomed() {
    view.zoom = stage.zoom;
    showZoom();
    rest();
  }

  function showZoom() {
    say(find("data-zoom-level"), Math.round(100 * view.zoom.scale) + " %");
  }

  // Screen readers read out what is written anew, even if it is the same.
  function say(element, words) {
    if (element.textContent !== words) {
      element.textContent = words;
    }
  }

  // Browsers refuse an address that changes many times a second, as a drag would have it.
  function rest() {
    clearTimeout(resting);
    resting = setTimeout(() => {
      stage.sharpen(view);
      announce();
      history.replaceState(null, "", view.toHash());
    }, REST_MS);
  }

  function text(value, digits) {
    return value === null ? "—" : value.toFixed(digits);
  }

  function showControls() {
    const scene = view.place;
    controls.scene.value = scene.name;
    for (const [axis, all, told] of [
      ["level", scene.levels, (k) => `K = ${k.toFixed(1)} px`],
      ["focus", scene.focus, (disparity) => `disparity ${disparity.toFixed(2)}`],
    ]) {
      const [index, setting] = all[view[axis]];
      const words = `${index + 1} of ${all.at(-1)[0] + 1}, ${told(setting)}`; // a protocol may ask for some alone
      controls[axis].max = all.length;
      controls[axis].value = view[axis] + 1;
      controls[axis].disabled = all.length < 2;
      controls[axis].setAttribute("aria-valuetext", words);
      find(`data-${axis}-text`).textContent = words;
    }
    for (const side of SIDES) {
      find("data-what", side).value = view[side];
      const box = find("data-error", side);
      box.disabled = !view.hasError(view[side]);
      box.checked = view.error[side] && !box.disabled;
    }
    find("data-scale").hidden = !SIDES.some((side) => view.showsError(side));
  }

  function showStrip() {
    const entries = view.strip();
    entries.forEach((entry, index) => fill(tile(index), entry));
    const strip = find("data-strip");
    while (strip.children.length > entries.length) {
      strip.lastElementChild.remove();
    }
  }

  // Tiles stay where they are and change what they show, so that the keyboard's focus stays too.
  function tile(index) {
    const strip = find("data-strip");
    if (strip.children.length <= index) {
      const item = document.createElement("li");
      item.innerHTML = '<button type="button"><img alt="" loading="lazy"><span class="name"></span><span class="psnr"></span><span class="rest"></span></button>';
      item.firstChild.addEventListener("click", () => update(() => (view.left = item.dataset.what)));
      strip.append(item);
    }
    return strip.children[index];
  }

  function fill(item, entry) {
    const what = entry.value;
    const score = view.score(what);
    item.dataset.what = what;
    const image = item.querySelector("img");
    const file = view.file(what, view.error.left && view.hasError(what) ? "error" : "small");
    image.style.aspectRatio = view.place.size.join(" / ");
    stage.set(image, file);
    item.querySelector(".name").textContent = entry.label;
    item.querySelector(".psnr").textContent = score ? text(score[0], 2) + " dB" : "";
    item.querySelector(".rest").textContent = score ? `SSIM ${text(score[1], 4)}, LPIPS ${text(score[2], 4)}` : "";
    item.firstChild.setAttribute("aria-pressed", String(view.left === what));
  }

  function announce() {
    const scores = SIDES.map((side) => {
      const score = view.score(view[side]);
      return view.label(view[side]) + (score ? ` ${text(score[0], 2)} dB` : "");
    });
    const [level, focus] = [view.place.levels[view.level][0] + 1, view.place.focus[view.focus][0] + 1];
    say(find("data-live"), `${view.place.label}, blur level ${level}, focus ${focus}: ${scores.join(", ")}`);
  }

  function show() {
    showControls();
    stage.show(view);
    showZoom();
    showStrip();
    rest();
  }

  function update(change) {
    change();
    show();
  }

  function fromAddress() {
    view.readHash(location.hash);
    show();
  }

  for (const side of SIDES) {
    const select = find("data-what", side);
    for (const choice of view.choices()) {
      const option = new Option(choice.label, choice.value);
      option.disabled = Boolean(choice.disabled);
      select.append(option);
    }
    select.addEventListener("change", () => update(() => (view[side] = select.value)));
    const box = find("data-error", side);
    box.addEventListener("change", () => update(() => (view.error[side] = box.checked)));
  }
  controls.scene.addEventListener("change", () => {
    const wanted = data.scenes.findIndex((scene) => scene.name === controls.scene.value);
    update(() => view.step("scene", wanted - view.scene));
  });
  for (const axis of ["level", "focus"]) {
    controls[axis].addEventListener("input", () => update(() => (view[axis] = Number(controls[axis].value) - 1)));
  }
  find("data-split").addEventListener("input", (event) => update(() => (view.split = Number(event.target.value))));
  find("data-swap").addEventListener("click", () => update(() => view.swap()));
  for (const button of viewer.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => stage.zoomBy(button.dataset.zoom));
  }
  find("data-controls").addEventListener("submit", (event) => event.preventDefault());

  const KEYS = {
    b: (by) => view.step("level", by),
    f: (by) => view.step("focus", by),
    s: (by) => view.step("scene", by),
    x: () => view.swap(),
    e: () => SIDES.forEach((side) => (view.error[side] = !view.error[side])),
    arrowleft: () => (view.split = Math.max(0, view.split - 5)),
    arrowright: () => (view.split = Math.min(100, view.split + 5)),
  };
  const ZOOM_KEYS = { "+": "in", "=": "in", "-": "out", "−": "out", 0: "reset" };

  find("data-stage").addEventListener("keydown", (event) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const change = KEYS[event.key.toLowerCase()];
    if (change) {
      event.preventDefault();
      update(() => change(event.shiftKey ? -1 : 1));
    } else if (event.key in ZOOM_KEYS) {
      event.preventDefault();
      stage.zoomBy(ZOOM_KEYS[event.key]);
    }
  });

  window.addEventListener("hashchange", fromAddress);
  window.addEventListener("resize", () => (stage.zoom = view.zoom));
  setTimeout(fromAddress); // behind Panzoom's own timer, see stage.js
})();
