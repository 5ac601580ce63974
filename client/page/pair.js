"use strict";
/* Two saved runs: where a task's time went in each, and its percentiles. */

const pairColors = ["--accent", "--blocking"];
const [one, two] = run.runs;
const pairTimes = (ratio) => Number(ratio.toPrecision(3)) + "\u00d7";

function drawPairHero(section) {
  const word = run.ratio === undefined ? ["fair", "TOO FEW TASKS"] : !run.significant ? ["fair", "NOT SIGNIFICANT"] : run.ratio < 1 ? ["good", "FASTER"] : ["bad", "SLOWER"];
  section.append(
    make("h1", {}, bdi(one.file), ", then ", bdi(two.file)),
    make("p", { class: "figures" },
      make("span", { class: "wall", id: "ratio" }, run.ratio === undefined ? "\u2013" : pairTimes(run.ratio)),
      make("span", { class: "badge " + word[0], id: "verdict" }, word[1]),
      make("span", { class: "overlap" }, run.interval ? "time of a task, 95 % from " + pairTimes(run.interval[0]) + " to " + pairTimes(run.interval[1]) : "time of a task")));
  drawFindings(section);
}

/* The rows worth one: the mean, its classes, two percentiles. */
function pairRows() {
  const most = Math.max(one.mean, two.mean);
  const classes = Object.keys(one.classes).filter((name) => Math.max(one.classes[name], two.classes[name]) > 0.005 * most);
  return [["task, mean", one.mean, two.mean], ...classes.map((name) => ["of it " + name, one.classes[name], two.classes[name]]),
    ["task, p50", one.p50, two.p50], ["task, p99", one.p99, two.p99]];
}

function paintPair(width) {
  const rows = pairRows(), rowPx = 58, bottom = 8 + rowPx * rows.length;
  const axis = makeAxis(0, Math.max(...rows.flatMap((row) => row.slice(1))) || 1e-9, 2, width - 74, false);
  const svg = draw("svg", { class: "plot", viewBox: "0 0 " + width + " " + (bottom + 24), height: bottom + 24, "aria-hidden": "true" },
    axisTicks(axis, Math.max(2, width / 120)).map((at) => [
      draw("line", { class: "grid", x1: axis.at(at), x2: axis.at(at), y1: 4, y2: bottom }),
      draw("text", { x: Math.max(axis.at(at), 4), y: bottom + 18, "text-anchor": at === 0 ? "start" : "middle" }, at === 0 ? "0" : duration(at))]),
    rows.map(([name, ...values], i) => {
      const y = 8 + rowPx * i;
      return [draw("text", { class: "row-name", x: 2, y: y + 13 }, name), values.map((value, j) => [
        draw("rect", { class: "part", style: "--c: var(" + pairColors[j] + ")", x: 2, y: y + 20 + 16 * j, width: Math.max(axis.at(value) - 2, 1), height: 14, rx: 2 }),
        draw("text", { x: axis.at(value) + 6, y: y + 31 + 16 * j }, duration(value))])];
    }));
  const marks = rows.map(([name, a, b], i) => ({
    y: 8 + rowPx * (i + 0.5), at: [[axis.at(a), 8 + rowPx * i + 27], [axis.at(b), 8 + rowPx * i + 43]],
    tip: () => [make("h3", {}, name), terms([[bdi(one.file), duration(a)], [bdi(two.file), duration(b)], ["ratio", a > 0 ? pairTimes(b / a) : null]])],
    text: name + ": " + duration(a) + ", then " + duration(b),
  }));
  return { svg, marks };
}

function drawPairChart(section) {
  section.append(chartKey([["part", "box", one.file, "--c: var(" + pairColors[0] + ")"], ["part", "box", two.file, "--c: var(" + pairColors[1] + ")"]]));
  new Chart(section, { id: "pair-chart", axis: "y", paint: paintPair, label: "Time of a task in both runs; arrows go from row to row" });
  section.append(chartHint("\u2191", "\u2193"));
}

function drawPairTable(section) {
  const row = (name, text, a, b) => [name, { n: text(a) }, { n: text(b) }, { n: a > 0 && b > 0 ? pairTimes(b / a) : "" }];
  section.append(table("Numbers", ["", { n: bdi(one.file) }, { n: bdi(two.file) }, { n: "ratio" }], [
    row("tasks", count, one.tasks, two.tasks), row("failed", count, one.failed, two.failed), row("tasks/s", figure, one.rate, two.rate),
    row("wall", duration, one.wall, two.wall), row("client cpu", duration, one.client_cpu, two.client_cpu),
    ...pairRows().map(([name, a, b]) => row(name, duration, a, b)),
    ["mode", { n: one.mode ?? "" }, { n: two.mode ?? "" }, ""], row("in flight", count, one.concurrency, two.concurrency), row("connections", count, one.connections, two.connections)]));
}

sections.push(
  { id: "summary", title: null, has: () => true, draw: drawPairHero },
  { id: "chart", title: "Where the time of a task went", lead: "On average for one task, by class; then its percentiles.", has: () => true, draw: drawPairChart },
  { id: "numbers", title: "Numbers", has: () => true, draw: drawPairTable });
