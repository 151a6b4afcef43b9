// The page of pictures: joins what is shown (sample_view.js) to the stage (stage.js), the controls and the address.
(function () {
  "use strict";
  const SIDES = ["left", "right"];
  const viewer = document.querySelector("[data-samples]");
  const data = bokehbench.samples[viewer.dataset.samples];
  const find = (name, value) => viewer.querySelector(value === undefined ? `[${name}]` : `[${name}="${value}"]`);
  const controls = {
    scene: find("data-scene"),
    level: find("data-level"),
    focus: find("data-focus"),
    levelText: find("data-level-text"),
    focusText: find("data-focus-text"),
  };

  viewer.hidden = false;
  const view = new bokehbench.View(data);
  const stage = new bokehbench.Stage(find("data-stage"), viewer.dataset.root, zoomed);
  let told = null; // the address that this page has written last

  function zoomed() {
    view.zoom = stage.zoom;
    find("data-zoom-level").textContent = Math.round(100 * view.zoom.scale) + " %";
    address();
  }

  function address() {
    told = view.toHash();
    history.replaceState(null, "", told);
  }

  function text(values, digits) {
    return values === null || values === undefined ? "—" : values.toFixed(digits);
  }

  function showControls() {
    const scene = view.place;
    controls.scene.value = scene.name;
    for (const [axis, all] of [["level", scene.levels], ["focus", scene.focus]]) {
      controls[axis].max = all.length;
      controls[axis].value = view[axis] + 1;
      controls[axis].disabled = all.length < 2;
    }
    const [level, k] = scene.levels[view.level];
    const [focus, disparity] = scene.focus[view.focus];
    controls.levelText.textContent = `${level + 1} of ${scene.levels.length}, K = ${k.toFixed(1)} px`;
    controls.focusText.textContent = `${focus + 1} of ${scene.focus.length}, disparity ${disparity.toFixed(2)}`;
    controls.level.setAttribute("aria-valuetext", controls.levelText.textContent);
    controls.focus.setAttribute("aria-valuetext", controls.focusText.textContent);
    for (const side of SIDES) {
      find("data-what", side).value = view[side];
      const box = find("data-error", side);
      box.disabled = !view.hasError(view[side]);
      box.checked = view.error[side] && !box.disabled;
    }
    find("data-scale").hidden = !SIDES.some((side) => view.error[side] && view.hasError(view[side]));
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
    const method = view.method(what);
    const score = method && view.score(method);
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
      const method = view.method(view[side]);
      const score = method && view.score(method);
      return view.label(view[side]) + (score ? ` ${text(score[0], 2)} dB` : "");
    });
    find("data-live").textContent = `${view.place.label}, blur level ${view.level + 1}, focus ${view.focus + 1}: ${scores.join(", ")}`;
  }

  function show() {
    showControls();
    stage.show(view);
    showStrip();
    announce();
  }

  function update(change) {
    change();
    show();
    address();
  }

  function fromAddress() {
    view.readHash(location.hash);
    show();
    stage.zoom = view.zoom;
    find("data-zoom-level").textContent = Math.round(100 * view.zoom.scale) + " %";
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

  window.addEventListener("hashchange", () => location.hash !== told && fromAddress());
  window.addEventListener("resize", () => (stage.zoom = view.zoom));
  setTimeout(fromAddress); // behind Panzoom's own timer, see stage.js
})();
