"use strict";
/* A comparison: each variant's rounds, its mean, and its ratio to the first. */

const timesOf = (variant) => run.same_tasks ? variant.wall : variant.time_per_task;
const timesName = run.same_tasks ? "wall time" : "time per task";
const rowPx = 62;

function rateOf(variant) {
  return variant.time_per_task.mean > 0 ? 1 / variant.time_per_task.mean : 0;
}

function chance(p) {
  return p < 0.001 ? "p < 0.001" : "p = " + Number(p.toPrecision(2));
}

function range(pair, text) {
  return pair ? text(pair[0]) + " to " + text(pair[1]) : "\u2013";
}

const times = (ratio) => Number(ratio.toPrecision(3)) + "\u00d7";

function drawCompareHero(section) {
  const clear = run.variants.slice(1).filter((variant) => variant.significant);
  const fastest = clear.reduce((best, variant) => variant.ratio < (best?.ratio ?? 1) ? variant : best, null);
  const word = run.passed === false ? ["bad", "TOO SLOW"] : clear.length === 0 ? ["fair", "NOT SIGNIFICANT"] : fastest ? ["good", "FASTER"] : ["bad", "SLOWER"];
  const shown = fastest ?? clear[0] ?? run.variants[1];
  section.append(
    make("h1", {}, bdi(run.plan)),
    make("p", { class: "figures" },
      make("span", { class: "wall", id: "ratio" }, run.rounds > 0 ? times(shown.ratio) : "\u2013"),
      make("span", { class: "badge " + word[0], id: "verdict" }, word[1]),
      make("span", { class: "overlap" }, bdi(shown.name), " against ", bdi(run.variants[0].name))));
  drawFindings(section);
}

function variantTip(variant) {
  const sample = timesOf(variant);
  return [
    make("h3", {}, bdi(variant.name)),
    terms([
      [timesName, duration(sample.mean) + " \u00b1 " + duration(sample.stddev)],
      ["95 % of the mean", range(sample.interval, duration)],
      ["tasks/s", figure(rateOf(variant))],
      ["ratio", variant.ratio === undefined ? null : times(variant.ratio)],
      ["95 % of the ratio", variant.interval ? range(variant.interval, times) : null],
      ["chance", variant.p === undefined ? null : chance(variant.p)],
      ["", variant.p === undefined || variant.significant ? null : "not significant"],
    ]),
  ];
}

function variantText(variant) {
  return variant.name + ": " + timesName + " " + duration(timesOf(variant).mean) + (variant.ratio === undefined ? ", the one that others are held against" :
    ", " + variant.verdict + (variant.interval ? ", 95 % from " + range(variant.interval, times) : "") + ", " + chance(variant.p));
}

/* What both pictures have: a row for each variant under its name. */
function comparePicture(width, axis, ticks, text, row) {
  const bottom = 10 + rowPx * run.variants.length;
  const parts = [
    ticks.map((at) => [
      draw("line", { class: "grid", x1: axis.at(at), x2: axis.at(at), y1: 6, y2: bottom }),
      draw("text", { x: axis.at(at), y: bottom + 18, "text-anchor": "middle" }, text(at))]),
    run.variants.map((variant, i) => {
      const y = 10 + rowPx * i;
      const name = [...variant.name], most = Math.floor((width - 20) / 7.5);
      return [
        i > 0 ? draw("line", { class: "grid", x1: 0, x2: width, y1: y - 2, y2: y - 2 }) : [],
        draw("text", { class: "row-name", x: 0, y: y + 14 }, name.length > most ? name.slice(0, most - 1).join("") + "\u2026" : variant.name),
        row(variant, y + 38, i)];
    })];
  return draw("svg", { class: "plot", viewBox: "0 0 " + width + " " + (bottom + 26), height: bottom + 26, "aria-hidden": "true" }, parts.flat(9));
}

function compareMarks(x, y) {
  return run.variants.map((variant, i) => ({ y: 10 + rowPx * (i + 0.5), at: [[x(variant), 10 + rowPx * i + y]], tip: () => variantTip(variant), text: variantText(variant) }));
}

function paintTimes(width) {
  const all = run.variants.flatMap((variant) => timesOf(variant).values);
  const low = Math.min(...all), high = Math.max(...all);
  /* from nothing, unless that would press all of it into a corner */
  const axis = makeAxis(low > 0.7 * high && high > low ? low - 0.3 * (high - low) : 0, high * 1.03 || 1, 14, width - 30, false);
  const inside = (x) => Math.min(Math.max(x, axis.from), width - 4);
  return {
    svg: comparePicture(width, axis, axisTicks(axis, Math.max(2, width / 110)), (at) => at === 0 ? "0" : duration(at), (variant, y) => {
      const sample = timesOf(variant);
      return [
        sample.values.map((value, round) => draw("circle", { class: "round", cx: axis.at(value), cy: y + 9 + (round % 3 - 1) * 3.5, r: 3.5 })),
        sample.interval ? draw("line", { class: "interval", x1: inside(axis.at(sample.interval[0])), x2: inside(axis.at(sample.interval[1])), y1: y - 4, y2: y - 4 }) : [],
        draw("circle", { class: "mean", cx: axis.at(sample.mean), cy: y - 4, r: 4.5 })];
    }),
    marks: compareMarks((variant) => axis.at(timesOf(variant).mean), 34),
  };
}

function paintRatios(width) {
  const others = run.variants.slice(1);
  const low = Math.min(0.8, ...others.map((variant) => 0.93 * (variant.interval?.[0] || variant.ratio || 1)));
  const high = Math.max(1.25, ...others.map((variant) => 1.07 * (variant.interval?.[1] ?? variant.ratio)));
  const axis = makeAxis(low, high, 24, width - 24, true);
  const ticks = axisTicks(axis, Math.max(3, width / 60)).filter((at) => Math.abs(axis.at(at) - axis.at(1)) > 34 || at === 1);
  if (!ticks.includes(1)) ticks.push(1);
  const svg = comparePicture(width, axis, ticks, times, (variant, y, i) => {
    if (i === 0) return draw("text", { x: axis.at(1) + (axis.at(1) > width / 2 ? -8 : 8), y, "text-anchor": axis.at(1) > width / 2 ? "end" : "start" }, "what others are held against");
    const x = axis.at(variant.ratio), isRight = x > width / 2;
    return [
      variant.interval ? draw("line", { class: "interval", x1: axis.at(variant.interval[0]), x2: axis.at(variant.interval[1]), y1: y, y2: y }) : [],
      draw("circle", { class: variant.significant ? "mean" : "unsure", cx: x, cy: y, r: 5 }),
      draw("text", { class: "says", x: isRight ? Math.min(x + 8, width - 2) : Math.max(x - 8, 2), y: y - 11, "text-anchor": isRight ? "end" : "start" }, variant.verdict)];
  });
  svg.prepend(draw("line", { class: "one", x1: axis.at(1), x2: axis.at(1), y1: 6, y2: 10 + rowPx * run.variants.length }));
  return { svg, marks: compareMarks((variant) => variant.ratio ? axis.at(variant.ratio) : axis.at(1), 38) };
}

function drawCompareCharts(section) {
  const columns = make("div", { class: "cols" });
  const part = (title, id, paint) => {
    const box = make("div", {}, make("h3", {}, title));
    columns.append(box);
    new Chart(box, { id, axis: "y", paint, label: title + ", " + run.variants.length + " variants; arrows go from one to the next" });
  };
  section.append(columns);
  part(timesName[0].toUpperCase() + timesName.slice(1), "times-chart", paintTimes);
  if (run.rounds > 0) part("Against " + run.variants[0].name, "ratio-chart", paintRatios);
  section.append(chartKey([
    ["round", "dot", "a round"], ["mean", "dot", "mean, or ratio of the means"], ["interval", "line", "its 95 % interval"],
    run.variants.some((variant) => variant.significant === false) ? ["unsure", "dot", "not significant"] : null,
  ]), chartHint("\u2191", "\u2193"));
}

function drawCompareTable(section) {
  section.append(table("Variants", ["variant", { n: timesName }, { n: "\u00b1" }, { n: "95 %" }, { n: "tasks/s" }, { n: "ratio" }, { n: "95 %" }, { n: "chance" }, ""],
    run.variants.map((variant) => [
      bdi(variant.name), { n: duration(timesOf(variant).mean) }, { n: duration(timesOf(variant).stddev) }, { n: range(timesOf(variant).interval, duration) },
      { n: figure(rateOf(variant)) }, { n: variant.ratio === undefined ? "" : times(variant.ratio) }, { n: variant.interval ? range(variant.interval, times) : "" },
      { n: variant.p === undefined ? "" : chance(variant.p) }, variant.p === undefined ? "the first" : variant.significant ? "significant" : "not significant"])));
}

function drawRounds(section) {
  section.append(table("Rounds", [{ n: "round" }, ...run.variants.map((variant) => ({ n: bdi(variant.name) }))],
    timesOf(run.variants[0]).values.map((_, round) => [{ n: String(round + 1) }, ...run.variants.map((variant) => ({ n: duration(timesOf(variant).values[round]) }))])));
}

sections.push(
  { id: "summary", title: null, has: () => true, draw: drawCompareHero },
  { id: "chart", title: "Variants", lead: "Each round ran every variant once, in an order drawn anew. Ratios below 1 are faster; their axis is logarithmic.", has: () => true, draw: drawCompareCharts },
  { id: "numbers", title: "Numbers", lead: "The interval of a mean is Student's, that of a ratio a bootstrap's; chance is how probable such a difference is if there is none (rank-sum test).", has: () => true, draw: drawCompareTable },
  { id: "rounds", title: "Rounds", has: () => run.rounds > 0, draw: drawRounds });
