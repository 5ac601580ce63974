"use strict";
/* A sweep: throughput and times against the setting, and the same as a table. */

const sweepCurves = [
  { name: "p50", color: "--thread", dash: "", of: (point) => point.latency.p50 },
  { name: "p99", color: "--blocking", dash: "7 4", of: (point) => point.latency.p99 },
];
/* What the SLO speaks of, if it is neither. */
if (run.slo && !["p50", "p99"].includes(run.slo.of))
  sweepCurves.push({ name: run.slo.of, color: "--pool", dash: "2 3", of: (point) => point.slo });

function isHollow(point) {
  return point.client_bound || !point.holds_slo;
}

function pointClass(point) {
  return isHollow(point) ? "hollow" : point.steady ? "dot" : "doubt";
}

function drawSweepHero(section) {
  const best = run.points.find((point) => point.value === run.best);
  section.append(
    make("h1", {}, bdi(run.plan)),
    make("p", { class: "figures" },
      make("span", { class: "wall", id: "best" }, best ? count(best.value) : "\u2013"),
      make("span", { class: "badge " + (best ? "good" : "bad") }, best ? "BEST " + run.over.toUpperCase() : "NO BEST " + run.over.toUpperCase()),
      best ? make("span", { class: "overlap" }, figure(best.rate) + " tasks/s, p99 " + duration(best.latency.p99)) : null));
  drawFindings(section);
  section.append(make("dl", { class: "facts" }, [
    ["points", String(run.points.length)],
    ["rounds", run.rounds + " of " + duration(run.point_time) + " each"],
    ["swept", run.over + (run.to ? " " + count(run.from) + " to " + count(run.to) : "")],
    run.slo ? ["SLO", run.slo.of + " \u2264 " + duration(run.slo.limit)] : null,
    ["limit", run.bottleneck ?? "none found"],
  ].filter(Boolean).map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)))));
}

function pointTip(point) {
  return [
    make("h3", {}, run.over + " " + count(point.value) + (point.mark ? ": " + point.mark : "")),
    terms([
      ["tasks/s", figure(point.rate) + (point.rates.length > 1 ? " \u00b1 " + figure(point.rate_stddev) : "")],
      ["rounds", point.rates.map(figure).join(", ")],
      ["p50", duration(point.latency.p50)], ["p99", duration(point.latency.p99)],
      sweepCurves[2] ? [sweepCurves[2].name, duration(point.slo)] : ["max", duration(point.latency.max)],
      ["in flight", figure(point.in_flight)], ["client", percent(point.cpu) + " of a core"],
      ["failed", point.failed > 0 ? count(point.failed) : null],
    ]),
    point.reason ? make("code", { class: "reason" }, point.reason) : null,
  ].filter(Boolean);
}

function pointText(point) {
  return run.over + " " + point.value + ": " + figure(point.rate) + " tasks per second, p50 " + duration(point.latency.p50) +
    ", p99 " + duration(point.latency.p99) + (point.mark ? ", " + point.mark : "") + (point.reason ? ", " + point.reason : "");
}

/* The law at so many in flight. */
function lawAt(n) {
  const fit = run.fit;
  return fit.lambda * n / (1 + fit.sigma * (n - 1) + fit.kappa * n * (n - 1));
}

class SweepPicture {
  constructor(width) {
    const points = run.points;
    this.width = width;
    this.left = 68;
    this.right = width - 48;
    this.top = 44;
    this.rateBottom = this.top + 250;
    this.timeTop = this.rateBottom + 46;
    this.timeBottom = this.timeTop + 190;
    this.height = this.timeBottom + 48;
    const first = points[0].value, last = points[points.length - 1].value;
    this.x = makeAxis(first, last > first ? last : first * 2, this.left + 10, this.right - 10, true);
    /* room for the law, unless it is far from what was measured */
    const most = Math.max(...points.flatMap((point) => point.rates));
    const law = run.fit ? Math.max(...points.map((point) => lawAt(point.value)), run.fit.peak_n >= first && run.fit.peak_n <= last ? run.fit.peak_rate : 0) : 0;
    this.rate = makeAxis(0, 1.06 * Math.max(most, Math.min(law, 1.3 * most)) || 1, this.rateBottom, this.top, false);
    const times = points.flatMap((point) => sweepCurves.map((curve) => curve.of(point))).concat(run.slo ? [run.slo.limit] : []).map((time) => Math.max(time, 1e-6));
    this.time = makeAxis(Math.min(...times) * 0.8, Math.max(...times) * 1.25, this.timeBottom, this.timeTop, true);
  }

  settingAxis() {
    const parts = [];
    let labelled = -Infinity;
    for (let at = this.x.low; at <= this.x.high * 1.0001; at *= 2) {
      const x = this.x.at(at);
      parts.push(
        draw("line", { class: "grid", x1: x, x2: x, y1: this.top, y2: this.rateBottom }),
        draw("line", { class: "grid", x1: x, x2: x, y1: this.timeTop, y2: this.timeBottom }));
      if (x - labelled < 40) continue;
      parts.push(draw("text", { x, y: this.timeBottom + 20, "text-anchor": "middle" }, count(at)));
      labelled = x;
    }
    parts.push(draw("text", { x: (this.left + this.right) / 2, y: this.timeBottom + 40, "text-anchor": "middle" }, run.over));
    return parts;
  }

  valueAxis(axis, title, top, text) {
    return [draw("text", { class: "strong", x: this.left, y: top - 8 }, title), axisTicks(axis, 6).map((at) => [
      draw("line", { class: "grid", x1: this.left, x2: this.right, y1: axis.at(at), y2: axis.at(at) }),
      draw("text", { x: this.left - 8, y: axis.at(at) + 4, "text-anchor": "end" }, at === 0 ? "0" : text(at))])];
  }

  guide(value, name, word, row) {
    const x = this.x.at(value);
    const anchor = x > this.right - 60 ? "end" : x < this.left + 120 ? "start" : "middle";
    return [
      draw("line", { class: name, x1: x, x2: x, y1: this.top - 4, y2: this.rateBottom }),
      draw("line", { class: name, x1: x, x2: x, y1: this.timeTop, y2: this.timeBottom }),
      draw("text", { class: "strong", x, y: this.top - 8 - 15 * row, "text-anchor": anchor }, word)];
  }

  guides() {
    const parts = [];
    const near = run.best !== null && run.knee !== null && Math.abs(this.x.at(run.best) - this.x.at(run.knee)) < 130;
    if (run.best !== null) parts.push(this.guide(run.best, "best", (run.best === run.knee ? "best and knee: " : "best: ") + count(run.best), 0));
    if (run.knee !== null && run.knee !== run.best) parts.push(this.guide(run.knee, "guide", "knee: " + count(run.knee), near ? 1 : 0));
    return parts;
  }

  law() {
    if (!run.fit) return [];
    const pieces = [[]];
    for (let i = 0; i <= 160; i++) {
      const n = this.x.low * (this.x.high / this.x.low) ** (i / 160);
      if (lawAt(n) <= this.rate.high) pieces[pieces.length - 1].push([this.x.at(n), this.rate.at(lawAt(n))]);
      else if (pieces[pieces.length - 1].length > 0) pieces.push([]);
    }
    return draw("path", { class: "law", d: pieces.map(lineThrough).join("") });
  }

  slo() {
    if (!run.slo) return [];
    const y = this.time.at(run.slo.limit);
    return [
      draw("line", { class: "limit", x1: this.left, x2: this.right, y1: y, y2: y }),
      draw("text", { class: "limit-name", x: this.left + 6, y: y - 6 }, "SLO: " + run.slo.of + " \u2264 " + duration(run.slo.limit))];
  }

  times() {
    const lines = sweepCurves.map((curve) => ({ curve, line: run.points.map((point) => [this.x.at(point.value), this.time.at(Math.max(curve.of(point), 1e-6))]) }));
    /* their names behind their ends, from the lowest up, apart where those are near */
    lines.sort((a, b) => b.line[b.line.length - 1][1] - a.line[a.line.length - 1][1]);
    let y = Infinity;
    return lines.map(({ curve, line }) => {
      y = Math.min(line[line.length - 1][1] + 4, y - 15);
      return [
        draw("path", { class: "curve", style: "--c: var(" + curve.color + ")", "stroke-dasharray": curve.dash, d: lineThrough(line) }),
        draw("text", { class: "end", style: "--c: var(" + curve.color + ")", x: this.right + 4, y }, curve.name)];
    });
  }

  rates() {
    const parts = [draw("path", { class: "curve", style: "--c: var(--accent)", d: lineThrough(run.points.map((point) => [this.x.at(point.value), this.rate.at(point.rate)])) })];
    for (const point of run.points) {
      const x = this.x.at(point.value);
      for (const rate of point.rates)
        parts.push(draw("line", { class: "tickmark", x1: x - 6, x2: x + 6, y1: this.rate.at(rate), y2: this.rate.at(rate) }));
      parts.push(draw("circle", { class: "mark " + pointClass(point), cx: x, cy: this.rate.at(point.rate), r: 5 }));
    }
    return parts;
  }

  paint() {
    const svg = draw("svg", { class: "plot", viewBox: "0 0 " + this.width + " " + this.height, height: this.height, "aria-hidden": "true" },
      this.settingAxis(), this.valueAxis(this.rate, "tasks/s", this.top, figure), this.valueAxis(this.time, "time of a task", this.timeTop, duration),
      this.guides(), this.law(), this.slo(), this.times(), this.rates());
    const marks = run.points.map((point) => ({
      x: this.x.at(point.value), at: [[this.x.at(point.value), this.rate.at(point.rate)], ...sweepCurves.map((curve) => [this.x.at(point.value), this.time.at(Math.max(curve.of(point), 1e-6))])],
      tip: () => pointTip(point), text: pointText(point),
    }));
    return { svg, marks };
  }
}

function drawSweepChart(section) {
  new Chart(section, {
    id: "sweep-chart", axis: "x", paint: (width) => new SweepPicture(width).paint(),
    label: "Throughput and time of a task by " + run.over + ", " + run.points.length + " points; arrows go from point to point",
  });
  const has = (name) => run.points.some((point) => pointClass(point) === name);
  section.append(chartKey([
    has("dot") ? ["mark dot", "dot", "measured; short lines are its rounds"] : null,
    has("hollow") ? ["mark hollow", "dot", run.points.some((point) => point.client_bound) ? "left out or misses the SLO" : "misses the SLO"] : null,
    has("doubt") ? ["mark doubt", "dot", "not steady"] : null,
    run.fit ? ["law", "line", "scalability law: " + run.fit.trust] : null,
    run.slo ? ["limit", "line", "SLO"] : null,
  ]), chartHint("\u2190", "\u2192"));
}

function drawSweepTable(section) {
  const hasFailed = run.points.some((point) => point.failed > 0);
  const hasMore = sweepCurves.length > 2;
  section.append(table("Points", [{ n: run.over }, { n: "tasks/s" }, { n: "\u00b1" }, { n: "mean" }, { n: "p50" }, { n: "p99" }, hasMore ? { n: run.slo.of } : null,
    { n: "in flight" }, { n: "client" }, hasFailed ? { n: "failed" } : null, ""].filter((head) => head !== null),
  run.points.map((point) => [
    { n: count(point.value) }, { n: figure(point.rate) }, { n: point.rates.length > 1 && point.rate > 0 ? percent(point.rate_stddev / point.rate) : "" },
    { n: duration(point.latency.mean) }, { n: duration(point.latency.p50) }, { n: duration(point.latency.p99) }, hasMore ? { n: duration(point.slo) } : null,
    { n: figure(point.in_flight) }, { n: percent(point.cpu) }, hasFailed ? { n: count(point.failed) } : null,
    make("span", { class: "why" }, [point.mark && !(point.reason && /SLO|unsteady|client/.test(point.mark)) ? make("strong", {}, point.mark + " ") : null, point.reason]),
  ].filter((cell) => cell !== null))));
}

/* Where a task's time goes at each point, as parts of it. */
function drawSweepClasses(section) {
  const names = Object.keys(run.points[0].classes).filter((name) => run.points.some((point) => point.classes[name] > 0.005 * point.latency.mean));
  section.append(chartKey(names.map((name) => ["part", "box", name, classColor(name)])), table("Where the time of a task goes", [{ n: run.over }, { n: "a task" }, "of it"], run.points.map((point) => {
    const all = Object.values(point.classes).reduce((sum, one) => sum + one, 0) || 1;
    return [{ n: count(point.value) }, { n: duration(point.latency.mean) },
      make("div", { class: "stack wide", role: "img", "aria-label": names.map((name) => name + " " + percent(point.classes[name] / all)).join(", ") },
        names.map((name) => make("span", { style: classColor(name) + "; width: " + 100 * point.classes[name] / all + "%", title: name + " " + duration(point.classes[name]) + ", " + percent(point.classes[name] / all) })))];
  })));
}

sections.push(
  { id: "summary", title: null, has: () => true, draw: drawSweepHero },
  { id: "chart", title: "Throughput and time", lead: "The setting's axis is logarithmic, and so is that of time. Both charts share it.", has: () => true, draw: drawSweepChart },
  { id: "points", title: "Points", lead: "The same numbers. \u00b1 is how much the rounds of a point differ.", has: () => true, draw: drawSweepTable },
  { id: "point-classes", title: "Where the time of a task goes", lead: "By class, on average: what grows from point to point is what stands in the way.", has: () => true, draw: drawSweepClasses });
