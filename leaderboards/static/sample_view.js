// What the page of pictures shows at a moment, and that moment as the part of the address behind the #.
(function () {
  "use strict";
  window.bokehbench = window.bokehbench || {};

  const INPUT = "input";
  const TRUTH = "truth";
  const METHOD = "method."; // stands before a method's name, so that none can pass for the ground truth or the input

  // scene, level, focus: indices into the data; left, right: INPUT, TRUTH, or METHOD and a method's name.
  class View {
    static SIDES = ["left", "right"];
    static MOST_ZOOM = 16;

    constructor(data) {
      this.data = data;
      this.scene = 0;
      this.level = data.scenes[0].levels.length - 1;
      this.focus = 0;
      const first = data.methods.find((method) => method.folder);
      this.left = first ? METHOD + first.name : INPUT;
      this.right = TRUTH;
      this.error = { left: false, right: false };
      this.split = 50;
      this.zoom = { scale: 1, x: 0, y: 0 };
    }

    get place() {
      return this.data.scenes[this.scene];
    }

    // The method that a side shows, null where it shows no method.
    method(what) {
      return this.data.methods.find((method) => METHOD + method.name === what) || null;
    }

    // [psnr, ssim, lpips] of a method on this sample; null where it has none, and of what is no method
    score(what) {
      const method = this.method(what);
      return method && method.scores[this.scene][this.level][this.focus];
    }

    // What can stand on a side, the ground truth and the input first.
    choices() {
      const fixed = [
        { value: TRUTH, label: "Ground truth" },
        { value: INPUT, label: "Input, all in focus" },
      ];
      return fixed.concat(
        this.data.methods.map((method) => ({
          value: METHOD + method.name,
          label: method.folder ? method.name : method.name + " (no pictures)",
          disabled: !method.folder,
        })),
      );
    }

    canShow(what) {
      return this.choices().some((choice) => choice.value === what && !choice.disabled);
    }

    label(what) {
      const fixed = this.choices().find((choice) => choice.value === what);
      return fixed ? fixed.label : what;
    }

    // What stands in the strip for this sample: what can be chosen, without methods that have no picture of it.
    strip() {
      return this.choices().filter((choice) => !choice.disabled && this.hasPicture(choice.value));
    }

    // Where a file lies. kind: "full", "small" or "error"
    file(what, kind) {
      const scene = this.place;
      const top = this.data.top + "/" + scene.folder + "/";
      if (what === INPUT) {
        return top + "image" + this.data.suffixes[kind];
      }
      const two = (number) => String(number).padStart(2, "0");
      const setting = two(scene.levels[this.level][0]) + "_" + two(scene.focus[this.focus][0]);
      const folder = what === TRUTH ? TRUTH : this.method(what).folder;
      return top + folder + "/" + setting + this.data.suffixes[kind];
    }

    // Input and truth have no error map; a method without this sample has no picture.
    hasError(what) {
      return what !== INPUT && what !== TRUTH;
    }

    hasPicture(what) {
      return !this.hasError(what) || this.score(what) !== null;
    }

    // The wish for an error map outlasts what has none.
    showsError(side) {
      return this.error[side] && this.hasError(this[side]);
    }

    // The file that a side shows, null where there is none. kind: "full" or "small"; error maps are of one kind
    picture(side, kind) {
      const what = this[side];
      return this.hasPicture(what) ? this.file(what, this.showsError(side) ? "error" : kind) : null;
    }

    toHash() {
      const scene = this.place;
      const told = {
        scene: scene.name,
        level: scene.levels[this.level][0] + 1,
        focus: scene.focus[this.focus][0] + 1,
        left: this.left,
        right: this.right,
      };
      const sides = View.SIDES.filter((side) => this.error[side]);
      if (sides.length) {
        told.errors = sides.join(",");
      }
      if (this.split !== 50) {
        told.split = this.split;
      }
      if (this.zoom.scale !== 1) {
        told.zoom = [this.zoom.scale.toFixed(2), this.zoom.x.toFixed(4), this.zoom.y.toFixed(4)].join(",");
      }
      return "#" + new URLSearchParams(told);
    }

    // Take over the view that an address tells: what toHash leaves out is as at first, what is not known stays as it is.
    // A method may stand there by its bare name.
    readHash(hash) {
      if (!hash.includes("=")) {
        return; // it tells of no view, as the #content of the link that skips to it
      }
      const told = new URLSearchParams(hash.replace(/^#/, ""));
      const scene = this.data.scenes.findIndex((one) => one.name === told.get("scene"));
      if (scene >= 0) {
        this.scene = scene;
      }
      this.level = this.index("levels", told.get("level"), this.level);
      this.focus = this.index("focus", told.get("focus"), this.focus);
      for (const side of View.SIDES) {
        const wanted = told.get(side) || "";
        const known = [wanted, METHOD + wanted].find((value) => this.canShow(value));
        if (known) {
          this[side] = known;
        }
        this.error[side] = (told.get("errors") || "").split(",").includes(side);
      }
      const split = Number.parseFloat(told.get("split"));
      this.split = split >= 0 && split <= 100 ? split : 50;
      this.zoom = this.readZoom(told.get("zoom") || "");
    }

    readZoom(told) {
      const [scale, x, y] = told.split(",").map(Number);
      const known = scale >= 1 && scale <= View.MOST_ZOOM && Number.isFinite(x) && Number.isFinite(y);
      return known ? this.held({ scale: scale, x: x, y: y }) : { scale: 1, x: 0, y: 0 };
    }

    // A zoom in parts of the stage's width; no further off than that the picture fills the stage.
    held({ scale, x, y }) {
      const [width, height] = this.place.size;
      const most = (scale - 1) / (2 * scale);
      const within = (value, limit) => Math.min(limit, Math.max(-limit, value));
      return { scale: scale, x: within(x, most), y: within(y, (most * height) / width) };
    }

    index(axis, told, otherwise) {
      const all = this.place[axis];
      const found = all.findIndex((entry) => entry[0] + 1 === Number(told));
      return found >= 0 ? found : Math.min(otherwise, all.length - 1);
    }

    // Move along an axis: "scene" goes round, "level" and "focus" end at their ends.
    step(axis, by) {
      if (axis === "scene") {
        this.scene = (this.scene + by + this.data.scenes.length) % this.data.scenes.length;
        this.level = Math.min(this.level, this.place.levels.length - 1);
        this.focus = Math.min(this.focus, this.place.focus.length - 1);
        this.zoom = this.held(this.zoom); // scenes differ in shape
      } else {
        const last = this.place[axis === "level" ? "levels" : "focus"].length - 1;
        this[axis] = Math.min(last, Math.max(0, this[axis] + by));
      }
    }

    swap() {
      [this.left, this.right] = [this.right, this.left];
      [this.error.left, this.error.right] = [this.error.right, this.error.left];
    }
  }

  window.bokehbench.View = View;
})();
