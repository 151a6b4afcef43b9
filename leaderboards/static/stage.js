// The stage: two pictures over each other, of which a line shows more or less, zoomed and moved together.
(function () {
  "use strict";
  const REST_MS = 120; // how long a view has to stand still until its pictures are fetched in full size
  const MOST = 16;
  const MAGNIFIED = 3; // from here on pixels are shown as squares

  class Stage {
    // changed: called when the reader has zoomed or moved
    constructor(element, root, changed) {
      this.element = element;
      this.root = root;
      this.pictures = {};
      this.tags = {};
      for (const side of ["left", "right"]) {
        this.pictures[side] = element.querySelector(`[data-picture="${side}"]`);
        this.tags[side] = element.querySelector(`[data-tag="${side}"]`);
      }
      this.split = element.querySelector("[data-split]");
      this.waiting = null;
      this.panzoom = Panzoom(this.pictures.right, {
        minScale: 1,
        maxScale: MOST,
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
        } else {
          this.panzoom.handleDown(event);
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
          if (event.ctrlKey || event.metaKey || this.panzoom.getScale() > 1) {
            this.panzoom.zoomWithWheel(event);
          }
        },
        { passive: false },
      );
    }

    transform(zoom) {
      const style = this.element.style;
      style.setProperty("--scale", zoom.scale);
      style.setProperty("--x", zoom.x + "px");
      style.setProperty("--y", zoom.y + "px");
      this.element.classList.toggle("zoomed", zoom.scale > 1);
      this.element.classList.toggle("magnified", zoom.scale >= MAGNIFIED);
    }

    // The zoom in parts of the stage's width, so that it means the same on every screen.
    get zoom() {
      const width = this.element.clientWidth || 1;
      const pan = this.panzoom.getPan();
      return { scale: this.panzoom.getScale(), x: pan.x / width, y: pan.y / width };
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
      clearTimeout(this.waiting);
      for (const side of ["left", "right"]) {
        const what = view[side];
        const errors = view.error[side] && view.hasError(what);
        const picture = this.pictures[side];
        this.tags[side].textContent = (errors ? "Error of " : "") + view.label(what);
        picture.alt = `${view.place.label}, ${errors ? "error map of " : ""}${view.label(what)}`;
        if (!view.hasPicture(what)) {
          picture.removeAttribute("src");
          this.tags[side].textContent += ": no such sample";
        } else if (errors) {
          this.set(picture, view.file(what, "error"));
        } else if (!picture.src.endsWith(this.address(view.file(what, "full")))) {
          this.set(picture, view.file(what, "small"));
        }
      }
      this.waiting = setTimeout(() => this.sharpen(view), REST_MS);
    }

    // Replace the small pictures by those in full size, once these are there.
    sharpen(view) {
      for (const side of ["left", "right"]) {
        const what = view[side];
        if (view.hasPicture(what) && !(view.error[side] && view.hasError(what))) {
          const wanted = view.file(what, "full");
          const full = new Image();
          full.src = this.address(wanted);
          full.decode().then(
            () => view[side] === what && view.file(what, "full") === wanted && !view.error[side] && this.set(this.pictures[side], wanted),
            () => {},
          );
        }
      }
    }

    set(picture, file) {
      const address = this.address(file);
      if (picture.getAttribute("src") !== address) {
        picture.src = address;
      }
    }

    address(file) {
      return this.root + file.split("/").map(encodeURIComponent).join("/");
    }
  }

  window.bokehbench.Stage = Stage;
})();
