"use strict";
/*
 * What the charts of sweeps, comparisons and pairs share: axes, sentences, and
 * a chart whose marks answer pointer and keyboard.
 */

/* From a value to its place; low and high are above 0 when it is logarithmic. */
function makeAxis(low, high, from, to, isLog) {
  const at = (value) => {
    const part = isLog ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
    return from + (to - from) * part;
  };
  return { low, high, from, to, isLog, at };
}

/* Round values on an axis; on a long logarithmic one, one for each power of ten. */
function axisTicks(axis, most) {
  const ticks = [];
  if (!axis.isLog || axis.high < 5 * axis.low) {
    const step = niceStep(axis.high - axis.low, most);
    for (let at = Math.ceil(axis.low / step - 1e-9) * step; at <= axis.high + step * 1e-9; at += step) ticks.push(at);
    return ticks;
  }
  const steps = 3 * Math.log10(axis.high / axis.low) > most ? [1] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(axis.low)); power <= Math.ceil(Math.log10(axis.high)); power++)
    for (const one of steps) {
      const value = one * 10 ** power;
      if (value >= axis.low * (1 - 1e-9) && value <= axis.high * (1 + 1e-9)) ticks.push(value);
    }
  return ticks;
}

/* Three or four significant digits, no exponent. */
function figure(number) {
  if (number >= 1000) return count(number);
  return String(Number(number.toPrecision(number >= 100 ? 4 : 3)));
}

function lineThrough(points) {
  return points.map(([x, y], i) => (i > 0 ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1)).join("");
}

/* What the report has to say: with a word before it, or as a note. */
function drawFindings(section) {
  /* sentences of ours, whatever the names in them begin with */
  const sentence = (text) => make("bdi", { dir: "ltr" }, text);
  const told = run.findings.filter((one) => one.head !== "Note");
  section.append(
    make("dl", { class: "because" + (told.some((one) => one.head) ? "" : " wordless"), id: "findings" }, told.map((one) => [
      make("dt", {}, one.head), make("dd", { class: ["Best", "Failed", "Passed"].includes(one.head) ? "fix" : null }, sentence(one.text))])),
    ...run.findings.filter((one) => one.head === "Note").map((one) => make("p", { class: "note" }, sentence(one.text[0].toUpperCase() + one.text.slice(1)))));
}

/*
 * paint(width) answers { svg, marks }, a mark being { x, y, tip(), text }.  The
 * pointer chooses the nearest mark along "axis", the arrows the next one.
 */
class Chart {
  constructor(section, { id, label, axis, paint }) {
    this.axis = axis;
    this.paint = paint;
    this.chosen = -1;
    this.view = make("div", { id, class: "chart", tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": label });
    section.append(this.view);
    this.view.addEventListener("pointermove", (event) => this.onPointer(event));
    this.view.addEventListener("pointerdown", (event) => this.onPointer(event));
    this.view.addEventListener("pointerleave", () => this.choose(-1));
    this.view.addEventListener("keydown", (event) => this.onKey(event));
    this.view.addEventListener("blur", () => this.choose(-1));
    new ResizeObserver(() => { if (this.view.clientWidth !== this.width) this.draw(); }).observe(this.view);
    this.draw();
  }

  draw() {
    this.width = this.view.clientWidth || 600;
    const painted = this.paint(Math.max(this.width, 260));
    this.marks = painted.marks;
    this.ring = draw("g", { class: "ring", "aria-hidden": "true" });
    painted.svg.append(this.ring);
    this.view.replaceChildren(painted.svg);
    this.choose(-1);
  }

  choose(i, isByKey) {
    this.chosen = i;
    this.ring.replaceChildren();
    const mark = this.marks[i];
    if (!mark) { hideTip(); return; }
    this.ring.append(...mark.at.map(([x, y]) => draw("circle", { cx: x, cy: y, r: 9 })));
    const box = this.view.getBoundingClientRect();
    const scale = box.width / Math.max(this.width, 260);
    const x = box.left + mark.at[0][0] * scale, y = box.top + mark.at[0][1] * scale;
    showTip({ left: x + 16, right: x + 16, top: y - 12, bottom: y + 12 }, ...mark.tip());
    if (isByKey) say(mark.text);
  }

  onPointer(event) {
    const box = this.view.getBoundingClientRect();
    const scale = Math.max(this.width, 260) / box.width;
    const at = this.axis === "x" ? (event.clientX - box.left) * scale : (event.clientY - box.top) * scale;
    const off = (mark) => Math.abs(mark[this.axis] - at);
    let near = -1;
    this.marks.forEach((mark, i) => { if (near < 0 || off(mark) < off(this.marks[near])) near = i; });
    if (near !== this.chosen) this.choose(near);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.marks.length - 1;
    const next = () => this.choose(Math.min(this.chosen + 1, last), true);
    const before = () => this.choose(this.chosen < 0 ? last : Math.max(this.chosen - 1, 0), true);
    const keys = {
      ArrowRight: next, ArrowDown: next, ArrowLeft: before, ArrowUp: before,
      Home: () => this.choose(0, true), End: () => this.choose(last, true), Escape: () => this.choose(-1),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}

/* A key of marks below a chart: [class, form, words]. */
function chartKey(entries) {
  const forms = {
    dot: (name) => draw("circle", { class: name, cx: 10, cy: 8, r: 5 }),
    line: (name) => draw("line", { class: name, x1: 0, x2: 20, y1: 8, y2: 8 }),
    box: (name) => draw("rect", { class: name, x: 2, y: 2, width: 14, height: 12 }),
  };
  return make("ul", { class: "legend" }, entries.filter(Boolean).map(([name, form, words, style]) =>
    make("li", {}, draw("svg", { class: "plot marks", width: 20, height: 16, style: "width: 20px; " + (style ?? ""), "aria-hidden": "true" }, forms[form](name)), bdi(words))));
}

function chartHint(before, after) {
  return make("p", { class: "hint" }, "Point at a mark to read it, or go from mark to mark with ", make("kbd", {}, before), " ", make("kbd", {}, after), ".");
}
