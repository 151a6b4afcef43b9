// The stage: two pictures over each other, of which a line shows more or less, zoomed and moved together.
(function () {
  "use strict";
  const { SIDES, MOST_ZOOM } = window.bokehbench.View;
  const MAGNIFIED = 3; // from here on pixels are shown as squares

  // Panzoom's least scale comes from sizes as measured on the screen, and so may be a hair more than 1.
  function plain(scale) {
    return scale < 1.001 ? 1 : scale;
  }

  class Stage {
    // changed: called when the reader has zoomed or moved
    constructor(element, root, changed) {
      this.element = element;
      this.root = root;
      this.pictures = {};
      this.tags = {};
      for (const side of SIDES) {
        this.pictures[side] = element.querySelector(`[data-picture="${side}"]`);
        this.tags[side] = element.querySelector(`[data-tag="${side}"]`);
      }
      this.split = element.querySelector("[data-split]");
      this.panzoom = Panzoom(this.pictures.right, {
        minScale: 1,
        maxScale: MOST_ZOOM,
        contain: "outside",
        panOnlyWhenZoomed: true,
        noBind: true,
        animate: false,
        cursor: "",
        touchAction: "pan-y",
        silent: true, // until it has put the picture where it starts, which it does in a timer of its own
        setTransform: (picture, zoom) => this.transform(zoom),
      });
      setTimeout(() => this.panzoom.setOptions({ silent: false }));
      this.pictures.right.addEventListener("panzoomchange", changed);
      this.listen();
    }

    listen() {
      const stage = this.element;
      stage.addEventListener("pointerdown", (event) => {
        if (event.target === this.split) {
          stage.classList.add("sliding"); // Chromium ends a drag whose input takes no pointer events
        } else if (event.button === 0) {
          this.panzoom.handleDown(event); // it keeps the browser from moving the focus here
          stage.focus({ preventScroll: true });
        }
      });
      document.addEventListener("pointermove", (event) => this.panzoom.handleMove(event));
      for (const kind of ["pointerup", "pointercancel"]) {
        document.addEventListener(kind, (event) => {
          stage.classList.remove("sliding");
          this.panzoom.handleUp(event);
        });
      }
      stage.addEventListener(
        "wheel",
        (event) => {
          if (event.ctrlKey || event.metaKey || this.zoom.scale > 1) {
            this.panzoom.zoomWithWheel(event);
          }
        },
        { passive: false },
      );
    }

    transform(zoom) {
      const style = this.element.style;
      const scale = plain(zoom.scale);
      style.setProperty("--scale", scale);
      style.setProperty("--x", zoom.x + "px");
      style.setProperty("--y", zoom.y + "px");
      this.element.classList.toggle("zoomed", scale > 1);
      this.element.classList.toggle("magnified", scale >= MAGNIFIED);
    }

    // The zoom in parts of the stage's width, so that it means the same on every screen.
    get zoom() {
      const width = this.element.clientWidth || 1;
      const pan = this.panzoom.getPan();
      return { scale: plain(this.panzoom.getScale()), x: pan.x / width, y: pan.y / width };
    }

    set zoom(told) {
      const width = this.element.clientWidth || 1;
      this.panzoom.zoom(told.scale, { force: true, silent: true });
      // Panzoom would hold the pan to the size that the picture has on the screen now, before it is zoomed
      this.panzoom.pan(told.x * width, told.y * width, { force: true, silent: true, contain: "" });
    }

    zoomBy(direction) {
      if (direction === "reset") {
        this.panzoom.reset();
      } else {
        this.panzoom.zoom(this.panzoom.getScale() * (direction === "in" ? 1.5 : 1 / 1.5));
      }
    }

    show(view) {
      this.element.style.aspectRatio = view.place.size.join(" / ");
      this.element.style.setProperty("--split", view.split + "%");
      this.split.value = view.split;
      this.split.setAttribute("aria-valuetext", Math.round(view.split) + " % " + view.label(view.left));
      for (const side of SIDES) {
        const label = view.label(view[side]);
        const errors = view.showsError(side);
        const picture = this.pictures[side];
        const full = view.picture(side, "full");
        this.tags[side].textContent = (errors ? "Error of " : "") + label + (full ? "" : ": no such sample");
        picture.alt = `${view.place.label}, ${errors ? "error map of " : ""}${label}`;
        if (!full) {
          picture.removeAttribute("src");
        } else if (!this.holds(picture, full)) {
          this.set(picture, view.picture(side, "small"));
        }
      }
      this.zoom = view.zoom;
    }

    // Replace the small pictures by those in full size, once these are there.
    sharpen(view) {
      for (const side of SIDES) {
        const picture = this.pictures[side];
        const wanted = view.picture(side, "full");
        if (wanted && !this.holds(picture, wanted)) {
          const full = new Image();
          full.src = this.address(wanted);
          full.decode().then(
            () => view.picture(side, "full") === wanted && this.set(picture, wanted),
            () => {}, // the small one stays
          );
        }
      }
    }

    holds(picture, file) {
      return picture.getAttribute("src") === this.address(file);
    }

    set(picture, file) {
      if (!this.holds(picture, file)) {
        picture.src = this.address(file);
      }
    }

    address(file) {
      return this.root + file.split("/").map(encodeURIComponent).join("/");
    }
  }

  window.bokehbench.Stage = Stage;
})();
