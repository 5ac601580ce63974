"use strict";
/* Where the time went, step by step, and what stood out. */

const classMeanings = {
  queued: "ready for the first time, not yet begun",
  loop: "the answer was there or the task ready, but a blocking call held the loop",
  pool: "waiting for a connection",
  thread: "waiting for a worker thread",
  connect: "waiting for a connection that was still being opened",
  server: "SQL under way, network included",
  http: "HTTP under way",
  sleep: "sleeping",
  backoff: "between two attempts",
  client: "the client's own work",
};
function drawClasses(section) {
  const all = Object.values(run.classes).reduce((sum, one) => sum + one, 0) || 1;
  const classes = Object.entries(run.classes).filter(([, seconds]) => seconds > 0).sort((a, b) => b[1] - a[1]);
  section.append(
    make("div", { class: "stack", "aria-hidden": "true" }, classes.map(([name, seconds]) =>
      make("span", { style: classColor(name) + "; width: " + 100 * seconds / all + "%", title: name + " " + percent(seconds / all) }))),
    table("Where the tasks' time went", ["class", "what it is", { n: "part" }, { n: "time" }], classes.map(([name, seconds]) => [
      make("span", { class: "whole" }, make("span", { class: "dot", style: classColor(name) }), name),
      classMeanings[name] ?? "", { n: percent(seconds / all) }, { n: duration(seconds) }])));
}

sections.push({
  id: "classes", title: "Where the time went",
  lead: "Every nanosecond of every task belongs to one class; together they are all of the tasks' time.",
  has: () => Object.values(run.classes ?? {}).some((seconds) => seconds > 0),
  draw: drawClasses,
});

function drawSteps(section) {
  const steps = run.steps.filter((step) => step.count > 0 && waits(step));
  const longest = Math.max(...steps.map((step) => step.own.mean * step.own.count), 1e-12);
  const hasFailed = steps.some((step) => step.failed > 0);
  const hasRetried = steps.some((step) => step.retried > 0);
  const hasHeld = steps.some((step) => step.holds > 0);
  section.append(table("Steps", ["step", "where", "call", { n: "count" }, hasFailed ? { n: "failed" } : null,
    hasRetried ? { n: "retried" } : null, { n: "p50" }, { n: "p90" }, { n: "p99" }, { n: "max" },
    { n: "whole p99" }, hasHeld ? { n: "held loop" } : null, hasHeld ? { n: "cost others" } : null, { n: "in all" }, ""].filter((head) => head !== null),
  steps.map((step) => [
    bdi(step.label), make("a", { href: "#plan", on: { click: (event) => { event.preventDefault(); goToLine(step); } } }, placeOf(step)),
    step.call, { n: count(step.count) },
    hasFailed ? { n: count(step.failed) } : null, hasRetried ? { n: count(step.retried ?? 0) } : null,
    { n: duration(step.own.p50) }, { n: duration(step.own.p90) }, { n: duration(step.own.p99) }, { n: duration(step.own.max) },
    { n: duration(step.whole.p99) },
    hasHeld ? { n: step.holds > 0 ? duration(step.held) : "" } : null, hasHeld ? { n: step.holds > 0 ? duration(step.cost) : "" } : null,
    { n: duration(step.own.mean * step.own.count) },
    make("span", { class: "meter", style: "width: " + Math.max(2, 90 * step.own.mean * step.own.count / longest) + "px; --c: var(--" + (step.call === "blocking" ? "blocking" : step.call === "thread" ? "thread" : "async") + ")" }),
  ].filter((cell) => cell !== null))));
  const phases = steps.filter((step) => Object.keys(step.phases ?? {}).length > 0);
  if (phases.length > 0)
    section.append(make("p", { class: "hint" }, "On average: ", phases.map((step, i) => [i > 0 ? "; " : "", bdi(step.label), " (" + placeOf(step) + ") ",
      Object.entries(step.phases).map(([name, seconds]) => phaseName(name) + " " + duration(seconds / (step.told ?? step.count))).join(", ")]), "."));
}

sections.push({
  id: "steps", title: "Steps",
  lead: "A step's own time is from its start to its answer; its whole time, from its turn to its end, has the waits in it.",
  has: () => (run.steps ?? []).some((step) => step.count > 0 && waits(step)),
  draw: drawSteps,
});

function drawStood(section) {
  const columns = make("div", { class: "cols" });
  const part = (title, ...what) => columns.append(make("div", {}, make("h3", {}, title), ...what));
  if ((run.errors ?? []).length > 0)
    part("Failures", table("Failures", [{ n: "tasks" }, "message"], run.errors.map((error) => [{ n: count(error.count) }, make("span", { style: "white-space: normal; overflow-wrap: anywhere" }, bdi(error.message))])));
  const blockers = (run.steps ?? []).filter((step) => step.holds > 0).sort((a, b) => b.cost - a.cost || b.held - a.held).slice(0, 8);
  if (blockers.length > 0)
    part("What held the loop", table("What held the loop", ["step", "where", { n: "times" }, { n: "held" }, { n: "cost others" }],
      blockers.map((step) => [bdi(step.label), placeOf(step), { n: count(step.holds) }, { n: duration(step.held) }, { n: duration(step.cost) }])));
  if ((run.slowest ?? []).length > 0)
    part("Slowest tasks", table("Slowest tasks", ["task", { n: "time" }, "mostly"], run.slowest.map((slow) => [
      bdi(slow.name), { n: duration(slow.time) }, make("span", { class: "whole" }, make("span", { class: "dot", style: classColor(slow.mostly) }), slow.mostly)])));
  section.append(columns);
}

sections.push({
  id: "stood-out", title: "What stood out",
  has: () => (run.slowest ?? []).length > 0 || (run.errors ?? []).length > 0,
  draw: drawStood,
});
