"use strict";
/*
 * How long a step takes at each percentile: a curve a step, one for the whole
 * task.  The percentiles' axis gives each nine of 99.99 % the same room, since
 * that is where the trouble is.
 */

const curveColors = ["--thread", "--blocking", "--async", "--pool", "--held", "--connect", "--backoff", "--waitthread"];
const curveDashes = ["", "7 4", "2 3", "10 3 2 3", "4 2", "1 4", "12 4", "6 2 1 2"];

/* The points of a histogram: [part of all, seconds], from its buckets. */
function curveOf(histogram) {
  let below = 0;
  const points = [];
  for (const [seconds, n] of histogram.buckets) {
    below += n;
    points.push([below / histogram.count, Math.min(Math.max(seconds, histogram.min), histogram.max)]);
  }
  if (points.length > 0) points[points.length - 1][1] = histogram.max;
  return points;
}

function valueAt(points, part) {
  return (points.find((point) => point[0] >= part) ?? points[points.length - 1])[1];
}

class Percentiles {
  constructor(section) {
    const steps = run.steps.filter((step) => step.own.count > 0 && waits(step));
    this.curves = [{ name: "whole task", histogram: run.latency },
      ...steps.slice(0, 7).map((step) => ({ name: step.label + ", " + placeOf(step), histogram: step.own }))]
      .filter((curve) => curve.histogram.count > 0)
      .map((curve, i) => ({ ...curve, points: curveOf(curve.histogram), color: "--c: var(" + curveColors[i] + ")", dash: curveDashes[i], isOn: true }));
    this.most = Math.max(...this.curves.map((curve) => curve.histogram.count));
    const values = this.curves.map((curve) => [Math.max(curve.histogram.min, 1e-9), Math.max(curve.histogram.max, 1e-9)]).flat();
    this.isLog = Math.max(...values) / Math.min(...values) > 50;
    this.figure = make("div", { id: "percentile-chart" });
    this.scale = make("button", { type: "button", on: { click: () => { this.isLog = !this.isLog; this.draw(); } } });
    section.append(this.figure, make("div", { class: "keys" }, this.curves.map((curve) => this.key(curve)), this.scale));
    new ResizeObserver(() => { if (this.figure.clientWidth !== this.width) this.draw(); }).observe(this.figure);
    this.draw();
  }

  key(curve) {
    const button = make("button", { type: "button", "aria-pressed": "true", style: curve.color, on: { click: () => {
      curve.isOn = !curve.isOn;
      button.setAttribute("aria-pressed", String(curve.isOn));
      this.draw();
    } } }, draw("svg", { width: 26, height: 8, "aria-hidden": "true", class: "plot", style: "width: 26px" }, draw("line", { class: "curve", x1: 0, x2: 26, y1: 4, y2: 4, "stroke-dasharray": curve.dash })), bdi(curve.name));
    return button;
  }

  /* 0 at no task, 1 at the last nine that the number of tasks can tell. */
  x(part) {
    const nines = Math.min(-Math.log10(Math.max(1 - part, 1e-12)), this.nines);
    return this.left + (this.width - this.left - this.right) * nines / this.nines;
  }

  y(seconds) {
    const [low, high] = this.range;
    const at = this.isLog ? Math.log(Math.max(seconds, low) / low) / Math.log(high / low) : seconds / high;
    return this.height - 28 - (this.height - 44) * Math.min(Math.max(at, 0), 1);
  }

  ticksY() {
    const [low, high] = this.range;
    const ticks = [];
    if (!this.isLog) {
      const step = niceStep(high, 5);
      for (let at = 0; at <= high * 1.0001; at += step) ticks.push(at);
      return ticks;
    }
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const one of high / low > 1000 ? [1] : [1, 2, 5])
        if (one * 10 ** power >= low * 0.999 && one * 10 ** power <= high * 1.001) ticks.push(one * 10 ** power);
    return ticks;
  }

  draw() {
    const shown = this.curves.filter((curve) => curve.isOn);
    const highest = Math.max(...shown.map((curve) => curve.histogram.max), 1e-9);
    const lowest = Math.max(Math.min(...shown.map((curve) => curve.histogram.min), highest), 1e-9);
    this.width = this.figure.clientWidth || 600;
    this.height = 300;
    this.left = 68;
    this.right = 16;
    this.nines = Math.max(1, Math.min(6, Math.ceil(Math.log10(Math.max(this.most, 10)) * 10) / 10));
    this.range = this.isLog ? [lowest * 0.9, highest * 1.1] : [0, highest * 1.08];
    const parts = [[0, "0"], [0.5, "50 %"], [0.9, "90 %"], [0.99, "99 %"], [0.999, "99.9 %"], [0.9999, "99.99 %"], [0.99999, "99.999 %"]]
      .filter(([part]) => -Math.log10(1 - part) <= this.nines + 0.001);
    const base = this.height - 28;
    const svg = draw("svg", { class: "plot", viewBox: "0 0 " + this.width + " " + this.height, height: this.height, role: "img",
      "aria-label": "Time at each percentile. " + shown.map((curve) => curve.name + ": median " + duration(curve.histogram.p50) + ", p99 " + duration(curve.histogram.p99)).join("; ") },
    this.ticksY().map((at) => [
      draw("line", { class: "grid", x1: this.left, x2: this.width - this.right, y1: this.y(at), y2: this.y(at) }),
      draw("text", { x: this.left - 8, y: this.y(at) + 4, "text-anchor": "end" }, at === 0 ? "0" : duration(at))]),
    parts.map(([part, text]) => [
      draw("line", { class: "grid", x1: this.x(part), x2: this.x(part), y1: 16, y2: base }),
      draw("text", { x: this.x(part), y: base + 18, "text-anchor": part === 0 ? "start" : "middle" }, text)]),
    shown.map((curve) => this.drawCurve(curve)));
    this.guide = draw("line", { class: "guide", y1: 16, y2: base, visibility: "hidden" });
    svg.append(this.guide);
    svg.addEventListener("pointermove", (event) => this.onHover(event, shown));
    svg.addEventListener("pointerleave", () => { this.guide.setAttribute("visibility", "hidden"); hideTip(); });
    this.figure.replaceChildren(svg);
    this.scale.textContent = this.isLog ? "Linear times" : "Logarithmic times";
  }

  drawCurve(curve) {
    let path = "M" + this.x(0) + " " + this.y(curve.histogram.min), lastX = -1;
    for (const [part, seconds] of curve.points) {
      const x = this.x(part);
      if (x - lastX < 0.5 && part < 1) continue;
      path += "L" + x.toFixed(1) + " " + this.y(seconds).toFixed(1);
      lastX = x;
    }
    return draw("path", { class: "curve", style: curve.color, d: path, "stroke-dasharray": curve.dash });
  }

  onHover(event, shown) {
    const box = this.figure.getBoundingClientRect();
    const x = Math.min(Math.max(event.clientX - box.left, this.left), this.width - this.right);
    const part = 1 - 10 ** (-(x - this.left) / (this.width - this.left - this.right) * this.nines);
    this.guide.setAttribute("x1", x);
    this.guide.setAttribute("x2", x);
    this.guide.setAttribute("visibility", "visible");
    showTip({ left: event.clientX + 14, right: event.clientX + 14, top: event.clientY, bottom: event.clientY },
      make("h3", {}, "percentile " + (100 * part).toFixed(Math.max(0, Math.ceil(-Math.log10(1 - part)) - 1))),
      terms(shown.map((curve) => [bdi(curve.name), duration(valueAt(curve.points, part))])));
  }
}

let percentiles = null;

sections.push({
  id: "percentiles", title: "Percentiles",
  lead: "The right end of a curve is its slowest one. Each nine of 99.99 % has the same room.",
  has: () => run.latency?.count > 0,
  draw: (section) => { percentiles = new Percentiles(section); },
});
