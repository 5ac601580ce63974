"use strict";
/*
 * The timeline: a row a task, one for the loop; zoom, pan, and every bar told
 * by the pointer or the keyboard.
 *
 * Only what is in sight is drawn, bars that share a pixel as one: a thousand
 * elements whatever the run.
 */

const barMeanings = {
  blocking: "blocking", async: "async", thread: "thread",
  held: "ready, loop held by another task", pool: "waiting for a connection",
};

/* The bars of a task as in the other pictures: waits first, steps on top. */
function barsOf(task) {
  if (task.bars) return task.bars;
  const bars = [];
  const add = (bar) => bars.push({ ...bar, task });
  if (task.classes.loop > 0)
    for (const hold of run.holds)
      if (hold.task !== task.number && hold.begun < task.ended && hold.ended > task.begun)
        add({ kind: "held", from: Math.max(hold.begun, task.begun), to: Math.min(hold.ended, task.ended), hold });
  const steps = [];
  const gathers = new Map(); /* how many bars of a gather share the row's height */
  for (const span of task.spans) {
    const step = stepsByNumber.get(span.step);
    if (step?.kind === "gather") continue;
    let lane = null;
    if (span.gather !== undefined) {
      lane = gathers.get(span.gather) ?? { bars: 0 };
      gathers.set(span.gather, lane);
    }
    if (span.started > span.queued && (span.lease_from || (step?.kind === "sql" && task.classes.connect > 0)))
      add({ kind: "pool", from: span.queued + (span.backoff ?? 0), to: span.started, span });
    if (span.arrived > span.started)
      steps.push({ task, kind: span.call, from: span.started, to: span.arrived, span, lane, laneNumber: lane ? lane.bars++ : 0 });
  }
  return (task.bars = bars.concat(steps));
}

/*
 * A row for each place in flight: task after task in the first that is free.
 * With many tasks that is the picture of who ran beside whom.
 */
function slotRows() {
  const rows = [];
  for (const task of run.tasks.slice().sort((a, b) => a.begun - b.begun || a.number - b.number)) {
    let row = rows.find((one) => one.ended <= task.begun);
    if (!row) rows.push(row = { name: "slot " + (rows.length + 1), begun: task.begun, tasks: [] });
    row.ended = task.ended;
    row.tasks.push(task);
  }
  return rows;
}

/* Of any kind of row; in the order of drawing. */
function rowBars(row) {
  return (row.bars ??= row.tasks.flatMap(barsOf));
}

function taskName(number) {
  return tasksByNumber.get(number)?.name ?? "task " + number;
}

function loopRow() {
  return {
    name: "loop", isLoop: true, begun: 0, ended: run.wall,
    bars: run.holds.map((hold) => ({ kind: "blocking", from: hold.begun, to: hold.ended, hold })),
  };
}

/* -------- what is told about a bar -------- */

function barTerms(row, bar) {
  const span = bar.span;
  const pairs = [["from", duration(bar.from)], ["took", duration(bar.to - bar.from)]];
  if (bar.hold) {
    const step = stepsByNumber.get(bar.hold.step);
    return pairs.concat([["held by", bdi(taskName(bar.hold.task))],
      ["step", step ? [bdi(step.label), ", " + placeOf(step)] : null],
      ["cost others", duration(bar.hold.cost)]]);
  }
  if (bar.kind === "pool" && span.lease_from) pairs.push(["it was with", bdi(taskName(span.lease_from))]);
  if (bar.kind !== "pool") {
    pairs.push(["call", span.call], ["outcome", span.outcome === "ok" ? null : span.outcome]);
    if (span.started > span.queued) pairs.push(["waited before", duration(span.started - span.queued)]);
    if (span.ended > span.arrived) pairs.push(["answer unseen for", duration(span.ended - span.arrived)]);
    for (const [name, seconds] of Object.entries(span.phases ?? {})) pairs.push([phaseName(name), duration(seconds)]);
  }
  pairs.push(["connection", span.connection ? span.connection + (span.pid ? ", backend " + span.pid : "") : null]);
  return pairs;
}

function barTitle(row, bar) {
  const what = bar.span ? bar.span.label : row.isLoop ? taskName(bar.hold.task) : "loop held";
  return what + (bar.kind === "pool" ? ", waiting for a connection" : "");
}

function barTip(row, bar) {
  const step = bar.span ? stepsByNumber.get(bar.span.step) : stepsByNumber.get(bar.hold?.step);
  const source = sourceLine(step);
  return [
    make("h3", {}, bdi(bar.task?.name ?? row.name), " \u00b7 ", bdi(barTitle(row, bar)), step ? ", " + placeOf(step) : ""),
    terms(barTerms(row, bar)),
    source ? make("code", {}, bdi(source)) : null,
  ].filter(Boolean);
}

function barText(row, bar) {
  return (bar.task?.name ?? row.name) + ": " + barTitle(row, bar) + ", " + barMeanings[bar.kind] + ", from " + duration(bar.from) + ", " + duration(bar.to - bar.from);
}

/* -------- the picture -------- */

class Timeline {
  constructor(section) {
    this.whole = Math.max(run.wall, 1e-9);
    this.from = 0;
    /* only the first tasks are kept: with many, they fill a part of the run */
    const last = Math.max(...run.tasks.map((task) => task.ended));
    this.to = last < this.whole * 0.6 && run.tasks.length < totalTasks() ? Math.max(last * 1.02, this.whole * 1e-6) : this.whole;
    this.chosen = null; /* { row, bar }: by index */
    this.bySlot = run.tasks.length > 60;
    this.makeRows();
    this.build(section);
    this.listen();
    this.resize();
  }

  makeRows() {
    const rows = this.bySlot ? slotRows()
      : run.tasks.map((task) => ({ name: task.name, begun: task.begun, ended: task.ended, outcome: task.outcome, tasks: [task] }));
    this.rows = run.holds.length > 0 ? [loopRow(), ...rows] : rows;
    this.rowPx = this.rows.length <= 60 ? 26 : 18;
  }

  build(section) {
    const button = (text, label, act) =>
      make("button", { type: "button", "aria-label": label, title: label, on: { click: act } }, text);
    this.buttons = {
      in: button("+", "Zoom in", () => this.zoom(0.5)),
      out: button("\u2212", "Zoom out", () => this.zoom(2)),
      left: button("\u2190", "Earlier", () => this.pan(-0.5)),
      right: button("\u2192", "Later", () => this.pan(0.5)),
      all: button("Whole run", "Show the whole run", () => this.show(0, this.whole)),
      rows: button("", "A row for each task, or for each place in flight", () => {
        this.choose(null);
        this.bySlot = !this.bySlot;
        this.makeRows();
        this.resize();
      }),
    };
    this.range = make("span", { class: "hint", id: "range", style: "margin:0" });
    this.over = draw("svg", { class: "over", height: 40, "aria-hidden": "true" });
    this.axis = draw("svg", { height: 24, "aria-hidden": "true" });
    this.plot = draw("svg", { class: "plotarea", role: "presentation" });
    this.spacer = make("div", {}, this.plot);
    this.view = make("div", { class: "rows", id: "rows", tabindex: 0, role: "application",
      "aria-roledescription": "timeline", "aria-label": "Timeline. Arrow keys go from bar to bar.",
      "aria-describedby": "timeline-keys" }, this.spacer);
    section.append(
      make("div", { class: "tools" }, Object.values(this.buttons), this.range, make("span", { class: "gap" }), this.legend()),
      make("div", { class: "tl", id: "tl" }, this.over, this.axis, this.view),
      make("p", { class: "hint", id: "timeline-keys" },
        "Drag to move, drag in the upper strip to choose a part, ", make("kbd", {}, "Ctrl"), " + wheel (or the wheel, once the timeline has the focus) to zoom. ",
        "With the keyboard: arrows from bar to bar, ", make("kbd", {}, "+"), " ", make("kbd", {}, "\u2212"), " zoom, ", make("kbd", {}, "Enter"), " zooms to the bar, ", make("kbd", {}, "0"), " the whole run, ", make("kbd", {}, "Esc"), " leaves."));
    if (run.tasks.length < totalTasks())
      section.append(make("p", { class: "hint" }, "The first " + count(run.tasks.length) + " of " + count(totalTasks()) + " tasks; all numbers below are of all tasks."));
  }

  legend() {
    const occurs = new Set();
    for (const row of this.rows) for (const bar of rowBars(row)) occurs.add(bar.kind);
    return make("ul", { class: "legend", "aria-label": "What the bars mean" },
      Object.entries(barMeanings).filter(([kind]) => occurs.has(kind)).map(([kind, meaning]) =>
        make("li", {}, draw("svg", { width: 22, height: 13, "aria-hidden": "true" },
          draw("rect", { class: "bar-" + kind, x: .5, y: .5, width: 21, height: 12 })), meaning)));
  }

  /* ---- where things are ---- */

  x(seconds) {
    return this.left + (seconds - this.from) * this.scale;
  }

  seconds(x) {
    return this.from + (x - this.left) / this.scale;
  }

  resize() {
    const width = this.view.clientWidth || 300;
    const longest = this.rows.reduce((most, row) => Math.max(most, Math.min([...row.name].length, 22)), 4);
    this.width = width;
    this.left = Math.min(longest * 7 + 18, width * 0.3);
    this.names = Math.floor((this.left - 16) / 7);
    this.right = 14;
    for (const one of [this.over, this.axis, this.plot]) one.setAttribute("width", width);
    this.spacer.style.height = this.rows.length * this.rowPx + 4 + "px";
    this.draw();
  }

  show(from, to) {
    const least = Math.max(this.whole * 1e-6, 1e-8);
    const length = Math.min(Math.max(to - from, least), this.whole);
    this.from = Math.min(Math.max(from, 0), this.whole - length);
    this.to = this.from + length;
    this.draw();
  }

  /* At seconds (the middle of what is seen, if not given) all stays in place. */
  zoom(factor, seconds = (this.from + this.to) / 2) {
    const length = Math.min((this.to - this.from) * factor, this.whole);
    const part = (seconds - this.from) / (this.to - this.from);
    this.show(seconds - part * length, seconds + (1 - part) * length);
  }

  pan(part) {
    const by = part * (this.to - this.from);
    this.show(this.from + by, this.to + by);
  }

  /* ---- drawing ---- */

  draw() {
    this.scale = (this.width - this.left - this.right) / (this.to - this.from);
    this.drawOver();
    this.drawAxis();
    this.drawRows();
    const all = this.from <= 0 && this.to >= this.whole;
    this.range.textContent = all ? "" : duration(this.from) + " to " + duration(this.to);
    this.buttons.rows.textContent = this.bySlot ? "Rows: slots" : "Rows: tasks";
    this.buttons.rows.disabled = run.tasks.length < 2;
    this.buttons.all.disabled = all;
    this.buttons.out.disabled = all;
    this.buttons.left.disabled = this.from <= 0;
    this.buttons.right.disabled = this.to >= this.whole;
  }

  ticks() {
    const step = niceStep(this.to - this.from, Math.max(2, (this.width - this.left) / 110));
    const ticks = [];
    for (let at = Math.ceil(this.from / step - 1e-9) * step; at <= this.to * (1 + 1e-12); at += step) ticks.push(at);
    return ticks;
  }

  drawAxis() {
    this.axis.replaceChildren(...this.ticks().map((at) => {
      const text = Math.abs(at) < this.whole * 1e-9 ? "0" : duration(at);
      const x = this.x(at);
      return draw("text", { class: "axis", x: Math.min(x, this.width - text.length * 3.6), y: 16 }, text);
    }));
  }

  /* How many tasks were under way, and which part is seen below. */
  drawOver() {
    const width = this.width - this.left - this.right, height = 40;
    if (!this.crowd) this.crowd = this.measureCrowd(200);
    const most = Math.max(...this.crowd, 1);
    const x = (seconds) => this.left + width * seconds / this.whole;
    const points = this.crowd.map((n, i) => this.left + width * i / this.crowd.length + "," + (height - 4 - (height - 10) * n / most) +
      " " + (this.left + width * (i + 1) / this.crowd.length) + "," + (height - 4 - (height - 10) * n / most));
    const children = [
      draw("text", { class: "name", x: this.left - 8, y: 24 }, "in flight"),
      draw("polygon", { class: "crowd", points: this.left + "," + (height - 4) + " " + points.join(" ") + " " + (this.left + width) + "," + (height - 4) }),
    ];
    if (this.from > 0 || this.to < this.whole)
      children.push(
        draw("rect", { class: "veil", x: this.left, y: 0, width: Math.max(0, x(this.from) - this.left), height }),
        draw("rect", { class: "veil", x: x(this.to), y: 0, width: Math.max(0, this.left + width - x(this.to)), height }),
        draw("rect", { class: "window", x: x(this.from), y: 1, width: Math.max(2, x(this.to) - x(this.from)), height: height - 2, rx: 2 }));
    if (this.brush)
      children.push(draw("rect", { class: "window", x: x(this.brush[0]), y: 1, width: x(this.brush[1]) - x(this.brush[0]), height: height - 2 }));
    this.over.replaceChildren(...children);
  }

  measureCrowd(bins) {
    const change = new Array(bins + 1).fill(0);
    const bin = (seconds) => Math.min(Math.max(Math.floor(seconds / this.whole * bins), 0), bins);
    for (const task of run.tasks) { change[bin(task.begun)]++; change[Math.min(bin(task.ended) + 1, bins)]--; }
    let now = 0;
    return change.slice(0, bins).map((by) => (now += by));
  }

  drawRows() {
    const height = this.isPrinting ? Math.min(this.rows.length, 200) * this.rowPx + 4 : Math.min(this.view.clientHeight || 640, this.rows.length * this.rowPx + 4);
    const top = this.isPrinting ? 0 : this.view.scrollTop;
    const first = Math.max(0, Math.floor(top / this.rowPx));
    const last = Math.min(this.rows.length, Math.ceil((top + height) / this.rowPx) + 1);
    const children = this.ticks().map((at) => draw("line", { class: "grid", x1: this.x(at), x2: this.x(at), y1: 0, y2: height }));
    for (let i = first; i < last; i++) this.drawRow(children, i, i * this.rowPx - top);
    this.plot.setAttribute("height", height);
    this.plot.replaceChildren(...children);
    this.drawChosen(top);
  }

  drawRow(children, index, y) {
    const row = this.rows[index];
    const middle = y + this.rowPx / 2 + 4;
    const name = [...row.name];
    if (row.isLoop) children.push(draw("rect", { class: "stripe", x: 0, y, width: this.width, height: this.rowPx }));
    children.push(draw("line", { class: "life", x1: Math.max(this.left, this.x(row.begun)), x2: Math.max(this.left, Math.min(this.x(row.ended), this.width - this.right)), y1: y + this.rowPx / 2, y2: y + this.rowPx / 2 }));
    const bars = rowBars(row);
    let merged = null;
    const labels = [];
    for (let i = 0; i < bars.length; i++) {
      const bar = bars[i];
      if (bar.to < this.from || bar.from > this.to) continue;
      const x1 = Math.max(this.x(bar.from), this.left), x2 = Math.min(this.x(bar.to), this.width - this.right);
      const width = Math.max(x2 - x1, 0.8);
      if (merged && merged.kind === bar.kind && width < 2 && Math.abs(x1 - merged.end) < 0.8) {
        merged.end = Math.max(merged.end, x1 + width);
        merged.rect.setAttribute("width", merged.end - merged.x);
        continue;
      }
      const lanes = Math.max(bar.lane?.bars ?? 1, 1);
      const height = (this.rowPx - 6) / lanes;
      const rect = draw("rect", { class: "bar bar-" + bar.kind + (bar.span && !["ok", "running"].includes(bar.span.outcome) && bar.kind !== "pool" ? " wrong" : ""), x: x1, y: y + 3 + height * (bar.laneNumber ?? 0), width, height, rx: width > 6 && lanes === 1 ? 2 : 0 });
      rect.place = { row: index, bar: i };
      children.push(rect);
      merged = lanes === 1 ? { kind: bar.kind, rect, x: x1, end: x1 + width } : null;
      const label = bar.span && bar.kind !== "pool" ? bar.span.label : row.isLoop ? taskName(bar.hold.task) : "";
      if (label && lanes === 1 && this.rowPx >= 18 && width > [...label].length * 7 + 8)
        labels.push(draw("text", { class: bar.kind === "blocking" ? "in on" : "in", x: (x1 + x2) / 2, y: middle }, label));
    }
    children.push(...labels, draw("text", { class: "name" + (row.outcome === "failed" ? " failed" : ""), x: this.left - 8, y: middle },
      name.length > this.names ? name.slice(0, Math.max(1, this.names - 1)).join("") + "\u2026" : row.name));
  }

  drawChosen(top) {
    if (!this.chosen) return;
    const { row, bar } = this.bar();
    const x1 = Math.max(this.x(bar.from), this.left), x2 = Math.min(this.x(bar.to), this.width - this.right);
    if (x2 < x1) return;
    this.plot.append(draw("rect", { class: "chosen", x: x1 - 1.5, y: this.chosen.row * this.rowPx - top + 1.5, width: Math.max(x2 - x1, 1) + 3, height: this.rowPx - 3, rx: 3 }));
  }

  /* ---- choosing ---- */

  bar(place = this.chosen) {
    const row = this.rows[place.row];
    return { row, bar: rowBars(row)[place.bar] };
  }

  /* The bars of a row in the order of time, as indexes. */
  inOrder(index) {
    const bars = rowBars(this.rows[index]);
    return bars.map((bar, i) => i).sort((a, b) => bars[a].from - bars[b].from || a - b);
  }

  choose(place, isByKey) {
    this.chosen = place;
    if (!place) { hideTip(); this.drawRows(); markPlan(null); return; }
    const { row, bar } = this.bar();
    if (isByKey) this.bringIntoSight(bar);
    this.drawRows();
    this.showTipOf(place);
    markPlan(stepsByNumber.get(bar.span?.step ?? bar.hold?.step));
    if (isByKey) say(barText(row, bar));
  }

  bringIntoSight(bar) {
    const y = this.chosen.row * this.rowPx;
    if (y < this.view.scrollTop) this.view.scrollTop = y;
    if (y + this.rowPx > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = y + this.rowPx - this.view.clientHeight + 4;
    const length = this.to - this.from;
    if (bar.to < this.from || bar.from > this.to) this.show(bar.from - length / 4, bar.from + 3 * length / 4);
  }

  showTipOf(place) {
    const { row, bar } = this.bar(place);
    const box = this.plot.getBoundingClientRect();
    const y = box.top + place.row * this.rowPx - (this.isPrinting ? 0 : this.view.scrollTop);
    const left = box.left + Math.max(this.left, this.x(bar.from));
    showTip({ left, right: left, top: y, bottom: y + this.rowPx }, ...barTip(row, bar));
  }

  move(rows, bars) {
    if (!this.chosen) {
      const row = this.rows.findIndex((_, i) => this.inOrder(i).length > 0);
      if (row >= 0) this.choose({ row, bar: this.inOrder(row)[0] }, true);
      return;
    }
    const { bar } = this.bar();
    if (rows !== 0) {
      let row = this.chosen.row + rows;
      while (row >= 0 && row < this.rows.length && this.inOrder(row).length === 0) row += rows;
      if (row < 0 || row >= this.rows.length) return;
      const order = this.inOrder(row), all = rowBars(this.rows[row]);
      const near = order.reduce((best, i) => Math.abs(all[i].from - bar.from) < Math.abs(all[best].from - bar.from) ? i : best, order[0]);
      this.choose({ row, bar: near }, true);
      return;
    }
    const order = this.inOrder(this.chosen.row);
    const at = order.indexOf(this.chosen.bar) + bars;
    if (at >= 0 && at < order.length) this.choose({ row: this.chosen.row, bar: order[at] }, true);
  }

  /* ---- listening ---- */

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      ArrowLeft: () => event.shiftKey ? this.pan(-0.25) : this.move(0, -1),
      ArrowRight: () => event.shiftKey ? this.pan(0.25) : this.move(0, 1),
      ArrowUp: () => this.move(-1, 0), ArrowDown: () => this.move(1, 0),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), "0": () => this.show(0, this.whole),
      Enter: () => { if (this.chosen) { const { bar } = this.bar(); const room = (bar.to - bar.from) * 0.25; this.show(bar.from - room, bar.to + room); this.choose(this.chosen, true); } },
      Escape: () => this.chosen ? this.choose(null) : this.view.blur(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  onWheel(event) {
    const hasFocus = document.activeElement === this.view;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || (event.shiftKey && event.deltaY)) {
      event.preventDefault();
      this.pan((event.deltaX || event.deltaY) / this.width);
      return;
    }
    if (!event.ctrlKey && !event.metaKey && !hasFocus) return;
    event.preventDefault();
    const x = event.clientX - this.plot.getBoundingClientRect().left;
    this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240))), Math.min(Math.max(this.seconds(x), this.from), this.to));
  }

  onHover(event) {
    if (this.dragged || this.chosen) return;
    const place = event.target.place;
    if (!place) { hideTip(); return; }
    const { row, bar } = this.bar(place);
    showTip({ left: event.clientX, right: event.clientX, top: event.clientY - 8, bottom: event.clientY + 8 }, ...barTip(row, bar));
  }

  listen() {
    this.view.addEventListener("keydown", (event) => this.onKey(event));
    this.view.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.view.addEventListener("scroll", () => { hideTip(); this.drawRows(); }, { passive: true });
    this.plot.addEventListener("pointermove", (event) => this.onHover(event));
    this.plot.addEventListener("pointerleave", () => { if (!this.chosen) hideTip(); });
    this.plot.addEventListener("dblclick", (event) => {
      const place = event.target.place;
      if (!place) { this.show(0, this.whole); return; }
      const { bar } = this.bar(place);
      this.show(bar.from - (bar.to - bar.from) * 0.25, bar.to + (bar.to - bar.from) * 0.25);
    });
    this.view.addEventListener("blur", () => { if (this.chosen) this.choose(null); });
    this.drag(this.plot, (start, now) => {
      this.plot.classList.add("drag");
      hideTip();
      const by = (start.x - now.x) / this.scale;
      this.show(start.from + by, start.from + by + start.length);
    }, (start, event) => {
      this.plot.classList.remove("drag");
      if (!this.dragged) this.choose(event.target.place ?? null);
    });
    const at = (x) => Math.min(Math.max((x - this.left) / (this.width - this.left - this.right), 0), 1) * this.whole;
    this.drag(this.over, (start, now) => { this.brush = [at(start.x), at(now.x)].sort((a, b) => a - b); this.drawOver(); }, (start, event) => {
      const brush = this.brush;
      this.brush = null;
      if (brush && this.dragged) this.show(brush[0], brush[1]);
      else { const length = this.to - this.from, middle = at(start.x); this.show(middle - length / 2, middle + length / 2); }
    });
    new ResizeObserver(() => { if (this.view.clientWidth !== this.width) this.resize(); }).observe(this.view);
    addEventListener("beforeprint", () => { this.isPrinting = true; this.drawRows(); });
    addEventListener("afterprint", () => { this.isPrinting = false; this.drawRows(); });
  }

  /* Pointer down, moved by more than a click's trembling, and up again. */
  drag(element, onMove, onEnd) {
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const left = element.getBoundingClientRect().left;
      const start = { x: event.clientX - left, from: this.from, length: this.to - this.from };
      const target = event.target;
      this.dragged = false;
      const move = (next) => {
        if (Math.abs(next.clientX - left - start.x) > 4) this.dragged = true;
        if (this.dragged) onMove(start, { x: next.clientX - left });
      };
      const end = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
        removeEventListener("pointercancel", end);
        onEnd(start, { target });
        this.dragged = false;
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
      addEventListener("pointercancel", end);
    });
  }
}

let timeline = null;

sections.push({
  id: "timeline", title: "Timeline",
  lead: "A row for each task, or with many for each place in flight; the loop's row shows who held it. What a bar means is told by its pattern as well as by its colour.",
  has: () => (run.tasks ?? []).length > 0,
  draw: (section) => { timeline = new Timeline(section); },
});
