"use strict";
/* What it comes to: the verdict, how far from the best possible, the facts. */

function badge(word) {
  return make("span", { class: "badge " + ({ OVERLAPS: "good", PARTIAL: "fair", SERIAL: "bad" }[word] ?? "fair") }, word);
}

/* From nothing to one after another: where this run lies between. */
function scalePicture(width) {
  const p = run.prediction;
  const left = 2, right = 2, y = 34;
  const longest = Math.max(p.worst, run.wall, p.predicted) || 1;
  const x = (seconds) => left + (width - left - right) * seconds / longest;
  const marks = [["best possible", p.best, 1], ["predicted", p.predicted, 0], ["one after another", p.worst, 1]];
  const places = [];
  const label = (text, seconds, above, strong) => {
    const at = Math.min(Math.max(x(seconds), left + 4), width - right);
    const anchor = at > width * 0.85 ? "end" : at < width * 0.12 ? "start" : "middle";
    let row = above;
    const extent = text.length * 6.6;
    const from = anchor === "end" ? at - extent : anchor === "start" ? at : at - extent / 2;
    while (places.some((q) => q.row === row && q.from < from + extent + 8 && from < q.to + 8)) row++;
    places.push({ row, from, to: from + extent });
    return draw("text", { x: at, y: strong ? y - 14 : y + 32 + 16 * (row - above), "text-anchor": anchor, class: strong ? "strong" : null }, text);
  };
  const picture = draw("svg", { class: "scale", viewBox: "0 0 " + width + " 104", role: "img",
    "aria-label": "Measured " + duration(run.wall) + marks.map(([name, s]) => ", " + name + " " + duration(s)).join("") },
  draw("rect", { class: "track", x: left, y, width: x(longest) - left, height: 12, rx: 3 }),
  draw("rect", { class: "done", x: left, y, width: Math.max(2, x(run.wall) - left), height: 12, rx: 3 }),
  label("measured " + duration(run.wall), run.wall, -5, true));
  for (const [name, seconds] of marks) {
    picture.append(draw("line", { class: "tick", x1: x(seconds), x2: x(seconds), y1: y - 3, y2: y + 18 }));
    picture.append(label(name + " " + duration(seconds), seconds, 1, false));
  }
  const lowest = Math.max(...places.filter((q) => q.row >= 1).map((q) => q.row));
  picture.setAttribute("viewBox", "0 0 " + width + " " + (y + 38 + 16 * (lowest - 1)));
  return picture;
}

function drawScale(section) {
  const figure = make("div", {});
  let width = 0;
  const redraw = () => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    figure.replaceChildren(scalePicture(Math.max(width, 260)));
  };
  section.append(figure);
  new ResizeObserver(redraw).observe(figure);
  redraw();
}

function facts() {
  const all = totalTasks();
  const version = run.server_version;
  const major = version >= 100000 ? Math.floor(version / 10000) + "." + version % 10000 : null;
  return [
    ["tasks", count(all) + (all > 1 && run.wall > 0 ? ", " + count(all / run.wall) + "/s" : "")],
    ["in flight", count(run.concurrency)],
    ["connections", run.connections > 0 ? count(run.connections) : null],
    ["loops", run.loops > 1 ? count(run.loops) : null],
    ["mode", run.mode],
    ["server", run.server ? [bdi(run.server), major ? ", PostgreSQL " + major : ""] : null],
    ["client", percent(run.wall > 0 ? run.client_cpu / run.wall : 0) + " of a core, " + bytes(run.peak_memory_bytes)],
    ["began", run.began ? make("time", { datetime: run.began }, run.began.replace("T", " ").replace(/\.\d+Z$/, " UTC")) : null],
  ].filter((fact) => fact[1] !== null);
}

function notes() {
  const list = [];
  if (run.interrupted) list.push(["", "The run was interrupted; tasks that did not begin are not counted."]);
  if (run.expect_failed)
    list.push(["bad", "Expected " + duration(run.expect?.time ?? 0) + " (" + duration(run.expect?.low ?? 0) + " to " + duration(run.expect?.high ?? 0) + "), which was not met."]);
  if (run.no_prediction) list.push(["", "No prediction: " + run.no_prediction + "."]);
  if (run.counts.failed > 0)
    list.push(["bad", count(run.counts.failed) + " of " + count(totalTasks()) + " tasks failed; times include them."]);
  if (run.counts.skipped > 0) list.push(["", count(run.counts.skipped) + " tasks were skipped: an earlier run has done them."]);
  if (run.retries?.made > 0 || run.retries?.refused > 0)
    list.push(["", count(run.retries.made) + " failed attempts were tried again" + (run.retries.refused > 0 ? ", " + count(run.retries.refused) + " more were not: the budget for retries was used up." : ".")]);
  if (run.counts.canceled > 0) list.push(["", count(run.counts.canceled) + " tasks were canceled."]);
  return list.map(([kind, text]) => make("p", { class: ("note " + kind).trim() }, text));
}

function drawSummary(section) {
  const verdict = run.verdict;
  section.append(
    make("h1", {}, bdi(run.plan.join(", "))),
    make("p", { class: "figures" },
      make("span", { class: "wall" }, duration(run.wall)),
      badge(verdict.word),
      run.wall > 0 ? make("span", { class: "overlap" }, "overlap " + (run.steps_time / run.wall).toFixed(2) + "\u00d7") : null),
    make("dl", { class: "because" },
      verdict.why ? [make("dt", {}, "Why"), make("dd", { id: "why" }, bdi(verdict.why))] : null,
      verdict.fix ? [make("dt", {}, "Fix"), make("dd", { class: "fix", id: "fix" }, bdi(verdict.fix))] : null,
      (verdict.mistakes ?? []).map((mistake) => [make("dt", {}, "Also"), make("dd", { class: "mistake" }, bdi(mistake.text))])),
    ...notes());
  if (run.prediction) drawScale(section);
  section.append(make("dl", { class: "facts" }, facts().map(([term, value]) =>
    make("div", {}, make("dt", {}, term), make("dd", {}, value)))));
}

sections.push({ id: "summary", title: null, has: () => Boolean(run.verdict), draw: drawSummary });
