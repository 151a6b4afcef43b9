// Charts of a board, or of one method on it. Their numbers are those of the tables beneath them.
(function () {
  "use strict";

  // Okabe and Ito's colours, darkened or lightened until they stand out from the paper; each method has a shape too.
  const LIGHT = ["#0072b2", "#c65200", "#00805b", "#a84a82", "#8f6400", "#3a7ca5", "#333333", "#7a5195"];
  const DARK = ["#56b4e9", "#ff8a3d", "#2bc79a", "#e39bc4", "#f0c040", "#9ad0f5", "#e7e8ec", "#b99ae0"];
  const SHAPES = [
    { style: "circle", sign: "●", open: "○" },
    { style: "rect", sign: "■", open: "□" },
    { style: "rectRot", sign: "◆", open: "◇" },
    { style: "triangle", sign: "▲", open: "△" },
    { style: "triangle", sign: "▼", open: "▽", turn: 180 },
    { style: "crossRot", sign: "✖" },
    { style: "star", sign: "✳" },
    { style: "cross", sign: "✚" },
  ];
  const NOISE_FLOOR = "noise floor";
  const DODGE = 0.36; // how much of the room between two ticks the methods share
  const LEAST_SECONDS = 0.001;

  let printing = false;

  // Each round of colours starts at the next shape, so that no two methods look alike.
  function shapeOf(index) {
    return SHAPES[(index + Math.floor(index / LIGHT.length)) % SHAPES.length];
  }

  function colours() {
    const dark = bokehbench.isDark() && !printing;
    return {
      series: dark ? DARK : LIGHT,
      ink: dark ? "#e7e8ec" : "#1b1d24",
      soft: dark ? "#a5aab8" : "#585d6b",
      faint: dark ? "#5a5f6e" : "#b4b8c2",
      line: dark ? "#30333d" : "#e3e5ea",
    };
  }

  // One set of choices governs all charts of a board on a page.
  class Choices {
    constructor(element) {
      this.data = bokehbench.charts[element.dataset.choices];
      this.method = element.dataset.method || null;
      this.metric = this.data.metrics[0];
      this.hidden = new Set();
      this.element = element;
      this.redraw = () => {};
      this.build();
    }

    build() {
      const metrics = this.element.querySelector(".metrics");
      for (const metric of this.data.metrics) {
        const label = this.option("radio", metric === this.metric, metric.label, () => (this.metric = metric));
        label.firstChild.name = "metric-" + this.element.dataset.choices;
        metrics.append(label);
      }
      const legend = this.element.querySelector(".legend");
      this.marks = [];
      if (this.method === null) {
        this.data.methods.forEach((name, index) => {
          const toggle = (on) => (on ? this.hidden.delete(index) : this.hidden.add(index));
          const label = this.option("checkbox", true, name, toggle);
          const mark = document.createElement("span");
          mark.className = "mark";
          mark.setAttribute("aria-hidden", "true");
          const shape = shapeOf(index);
          mark.textContent = (index >= LIGHT.length && shape.open) || shape.sign;
          label.firstChild.after(mark);
          this.marks.push(mark);
          legend.append(label);
        });
      } else {
        legend.remove();
      }
      this.element.hidden = false;
    }

    option(type, checked, text, change) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: type, checked: checked });
      input.addEventListener("change", () => {
        change(input.checked);
        this.redraw();
      });
      label.append(input, " " + text);
      return label;
    }

    paint(palette) {
      this.marks.forEach((mark, index) => (mark.style.color = palette.series[index % palette.series.length]));
    }

    // How a method is drawn: like all others, or in grey beside the one that the page is about.
    look(index, palette) {
      const shape = shapeOf(index);
      const again = index >= palette.series.length; // the second round is hollow and dashed
      const apart = this.method !== null && this.data.methods[index] !== this.method;
      const colour = apart ? palette.faint : palette.series[this.method === null ? index % palette.series.length : 0];
      return {
        borderColor: colour,
        backgroundColor: again ? "transparent" : colour,
        errorBarColor: colour + "70",
        errorBarWhiskerColor: colour + "70",
        errorBarWhiskerSize: 5,
        errorBarLineWidth: 1.25,
        errorBarWhiskerLineWidth: 1.25,
        borderDash: again ? [5, 4] : [],
        borderWidth: apart ? 1 : 1.75,
        pointStyle: shape.style,
        rotation: shape.turn || 0,
        radius: apart ? 3 : 5, // points with error bars know no pointRadius
        hoverRadius: 6,
        order: apart ? 2 : 1,
        apart: apart,
      };
    }

    shown() {
      return Array.from(this.data.methods.keys()).filter((index) => !this.hidden.has(index));
    }
  }

  function axis(palette, text, more) {
    return {
      title: { display: Boolean(text), text: text, color: palette.soft },
      ticks: { color: palette.soft },
      grid: { color: palette.line },
      border: { color: palette.line },
      ...more,
    };
  }

  function named(names) {
    return {
      type: "linear",
      min: -0.5,
      max: names.length - 0.5,
      afterBuildTicks: (scale) => (scale.ticks = names.map((_, index) => ({ value: index }))),
    };
  }

  function options(palette, metric, scales) {
    return {
      animation: false,
      maintainAspectRatio: false,
      scales: scales,
      plugins: {
        legend: { display: false },
        tooltip: {
          callbacks: {
            title: () => "",
            label: (item) => item.dataset.label + ": " + told(item.raw, metric),
          },
        },
      },
    };
  }

  function told(point, metric) {
    const value = typeof point === "number" ? point : point.y;
    const limits = point.yMin === undefined ? "" : ` [${point.yMin.toFixed(metric.digits - 1)}, ${point.yMax.toFixed(metric.digits - 1)}]`;
    return value.toFixed(metric.digits) + limits;
  }

  // Points of all methods over levels or scenes, side by side within each.
  function dodged(choices, palette, rows, intervals) {
    const shown = choices.shown();
    return shown.map((method, place) => {
      const look = choices.look(method, palette);
      const shift = shown.length < 2 || choices.method ? 0 : DODGE * (place / (shown.length - 1) - 0.5);
      const points = [];
      (rows[method] || []).forEach((point, index) => {
        if (point !== null) {
          const limits = intervals && !look.apart && point[1] !== null ? { yMin: point[1], yMax: point[2] } : {};
          points.push({ x: index + shift, y: point[0], ...limits });
        }
      });
      return { label: choices.data.methods[method], data: points, ...look };
    });
  }

  function floorLine(values, palette) {
    return {
      label: NOISE_FLOOR,
      data: values.map((value, index) => ({ x: index, y: value })).filter((point) => point.y !== null),
      showLine: true,
      borderColor: palette.soft,
      borderDash: [2, 3],
      borderWidth: 1.25,
      pointStyle: false,
      order: 3,
    };
  }

  function levels(choices, palette) {
    const { data, metric } = choices;
    const datasets = dodged(choices, palette, data.levels[metric.key] || [], true);
    datasets.forEach((one) => (one.showLine = true));
    if (metric.key === "psnr" && data.floor.levels) {
      datasets.push(floorLine(data.floor.levels, palette));
    }
    const names = data.levelNames;
    const x = axis(palette, "", named(names));
    x.ticks.callback = (value) => names[value];
    return {
      type: "scatterWithErrorBars",
      data: { datasets: datasets },
      options: options(palette, metric, { x: x, y: axis(palette, metric.label) }),
    };
  }

  function scenes(choices, palette) {
    const { data, metric } = choices;
    const names = data.sceneNames;
    const datasets = dodged(choices, palette, data.scenes[metric.key] || [], false);
    const x = axis(palette, "", named(names));
    Object.assign(x.ticks, { callback: (value) => names[value], autoSkip: false, maxRotation: 60 });
    return {
      type: "scatterWithErrorBars",
      data: { datasets: datasets },
      options: options(palette, metric, { x: x, y: axis(palette, metric.label) }),
    };
  }

  function bars(choices, palette) {
    const { data, metric } = choices;
    const rows = data.scenes[metric.key] || [];
    const own = rows[data.methods.indexOf(choices.method)] || [];
    const best = data.sceneNames.map((_, scene) => {
      const values = rows.map((row) => row[scene]).filter((point) => point !== null).map((point) => point[0]);
      return values.length ? Math[metric.better === "lower" ? "min" : "max"](...values) : null;
    });
    const y = axis(palette, "", { grid: { display: false } });
    y.ticks.autoSkip = false;
    return {
      type: "bar",
      data: {
        labels: data.sceneNames,
        datasets: [
          { label: choices.method, data: own.map((point) => point && point[0]), backgroundColor: palette.series[0], maxBarThickness: 16, order: 2 },
          { label: "best of all", type: "line", data: best, showLine: false, pointStyle: "line", rotation: 90, pointRadius: 9, pointHoverRadius: 9, borderColor: palette.ink, borderWidth: 2, order: 1 },
        ],
      },
      options: {
        ...options(palette, metric, { x: axis(palette, metric.label, { beginAtZero: true }), y: y }),
        indexAxis: "y",
      },
    };
  }

  function runtime(choices, palette) {
    const { data, metric } = choices;
    const points = data.overall[metric.key];
    const datasets = choices.shown().flatMap((method) => {
      const [seconds, point] = [data.seconds[method], points[method]];
      if (seconds === null || point === null) {
        return [];
      }
      return [{ label: data.methods[method], data: [{ x: Math.max(seconds, LEAST_SECONDS), y: point[0] }], ...choices.look(method, palette) }];
    });
    const ends = datasets.some((one) => one.data[0].x === LEAST_SECONDS);
    const title = "seconds per image" + (ends ? " (1 ms and less at the left edge)" : "");
    const x = axis(palette, title, { type: "logarithmic", grace: "10%", ...(ends ? { min: 0.8 * LEAST_SECONDS } : {}) });
    x.ticks.callback = (value) => (Number.isInteger(Math.round(1e6 * Math.log10(value)) / 1e6) ? String(value) : "");
    return {
      type: "scatterWithErrorBars",
      data: { datasets: datasets },
      options: options(palette, metric, { x: x, y: axis(palette, metric.label, { grace: "8%" }) }),
      plugins: [{ id: "names", afterDatasetsDraw: (chart) => writeNames(chart, palette) }],
    };
  }

  // Write each point's name where it hides neither another name nor a point: right, left, above or below.
  function writeNames(chart, palette) {
    const context = chart.ctx;
    const points = chart.data.datasets.map((_, index) => chart.getDatasetMeta(index).data[0]);
    const taken = points.map((point) => ({ left: point.x - 5, right: point.x + 5, top: point.y - 5, bottom: point.y + 5 }));
    context.save();
    context.font = `12px ${Chart.defaults.font.family}`;
    context.textBaseline = "middle";
    chart.data.datasets.forEach((dataset, index) => {
      const point = points[index];
      const width = context.measureText(dataset.label).width;
      const boxes = [[9, 0], [-9 - width, 0], [-width / 2, -15], [-width / 2, 15], [9, -15], [9, 15], [-9 - width, -15], [-9 - width, 15]].map(([x, y]) => ({
        left: point.x + x,
        right: point.x + x + width,
        top: point.y + y - 7,
        bottom: point.y + y + 7,
      }));
      const free = boxes.find((box) => box.right < chart.width && box.left > 0 && !taken.some((other) => overlap(box, other)));
      const box = free || boxes[0];
      taken.push(box);
      context.fillStyle = dataset.apart ? palette.soft : palette.ink;
      context.fillText(dataset.label, box.left, (box.top + box.bottom) / 2);
    });
    context.restore();
  }

  function overlap(one, other) {
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  }

  const KINDS = { levels: levels, scenes: scenes, bars: bars, runtime: runtime };
  const every = Array.from(document.querySelectorAll("[data-choices]"), (element) => new Choices(element));
  const figures = Array.from(document.querySelectorAll("figure[data-chart]"), (element) => {
    const choices = every.find((one) => one.element.dataset.choices === element.dataset.board);
    return { element: element, choices: choices, canvas: element.querySelector("canvas"), chart: null };
  });

  function draw() {
    const palette = colours();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    every.forEach((choices) => choices.paint(palette));
    for (const figure of figures) {
      const kind = figure.element.dataset.chart;
      if (figure.chart) {
        figure.chart.destroy();
      }
      if (kind === "bars") {
        figure.element.style.setProperty("--bars", 4 + 1.7 * figure.choices.data.sceneNames.length + "rem");
      }
      figure.chart = new Chart(figure.canvas, KINDS[kind](figure.choices, palette));
    }
  }

  every.forEach((choices) => (choices.redraw = draw));
  document.addEventListener("themechange", draw);
  window.addEventListener("beforeprint", () => ((printing = true), draw()));
  window.addEventListener("afterprint", () => ((printing = false), draw()));
  draw();
})();
