"use strict";
/* What the server was seen to do while statements were under way. */

const activityKinds = ["cpu", "lock", "lwlock", "io", "other", "idle"];
const activityWords = { cpu: "CPU", lock: "lock", lwlock: "lwlock", io: "I/O", other: "other waits", idle: "idle" };
const activityColors = { cpu: "async", lock: "blocking", lwlock: "held", io: "thread", other: "pool", idle: "queued" };

function activityAll(sums) {
  return activityKinds.reduce((all, kind) => all + sums[kind], 0) || 1;
}

function activityBar(sums) {
  return make("div", { class: "stack", "aria-hidden": "true", style: "min-width: 160px; margin: 0" }, activityKinds.filter((kind) => sums[kind] > 0).map((kind) =>
    make("span", { style: "--c: var(--" + activityColors[kind] + "); width: " + 100 * sums[kind] / activityAll(sums) + "%",
      title: activityWords[kind] + " " + percent(sums[kind] / activityAll(sums)) })));
}

function activityText(sums) {
  return activityKinds.filter((kind) => sums[kind] / activityAll(sums) >= 0.005).sort((a, b) => sums[b] - sums[a])
    .map((kind) => activityWords[kind] + " " + percent(sums[kind] / activityAll(sums))).join(", ")
    + (sums.event && sums.cpu + sums.idle < activityAll(sums) / 2 ? " (" + sums.event + ")" : "");
}

function stepName(number, task) {
  const step = stepsByNumber.get(number);
  const name = task === undefined ? null : tasksByNumber.get(task)?.name ?? "task " + task;
  return [step ? [bdi(step.label), ", " + placeOf(step)] : "", name ? [" of ", bdi(name)] : ""];
}

function blockerText(lock) {
  if (lock.blocker === "own")
    return [lock.blocker_varies ? "transactions of this run, such as one " : "a transaction of this run ", lock.blocker_idle ? "that sat idle after " : "at ", stepName(lock.blocker_step, lock.blocker_task)];
  if (lock.blocker === "prepared") return "a prepared transaction";
  return ["another session: pid " + lock.blocker_pid, lock.blocker === "hidden" ? ", of a role that may not be looked at" :
    [lock.application ? [", ", bdi(lock.application)] : "", ", " + lock.state + ", its transaction open for " + duration(lock.transaction)]];
}

function drawServer(section) {
  const samples = run.server_samples;
  if (samples.steps.length > 0)
    section.append(table("What the server did", ["step", "where", { n: "in flight" }, { n: "samples" }, "", "of it, about"], samples.steps.map((sums) => [
      bdi(stepsByNumber.get(sums.step)?.label ?? ""), placeOf(stepsByNumber.get(sums.step)), { n: duration(sums.flight) }, { n: count(sums.samples) },
      activityBar(sums), make("span", { style: "white-space: normal" }, activityText(sums))])));
  if (samples.locks.length > 0)
    section.append(make("h3", {}, "Locks"), table("Locks", ["who waited", "for", "of", { n: "about" }, { n: "at most at once" }, { n: "samples" }], samples.locks.map((lock) => [
      make("span", { style: "white-space: normal" }, stepName(lock.step)), lock.event, make("span", { style: "white-space: normal" }, blockerText(lock)),
      { n: duration(lock.time) }, { n: duration(lock.longest) }, { n: count(lock.samples) }])));
  const idle = samples.idle_in_transaction;
  if (idle.samples > 0)
    section.append(make("p", { class: "hint" }, "Transactions of this run were open and idle for about " + duration(idle.time) + " in all, " + duration(idle.longest) + " at once",
      idle.step !== undefined ? [" after ", stepName(idle.step, idle.task)] : "", "."));
  if (samples.problem)
    section.append(make("p", { class: "note" }, samples.looks > 0 ? "The server was sampled until then: " : "The server was not sampled: ", bdi(samples.problem)));
}

sections.push({
  id: "server", title: "In the server",
  lead: "Estimated by asking the server, again and again, what its backends do; the more samples, the better. Idle: a statement or its answer is on its way, or waits to be read.",
  has: () => Boolean(run.server_samples),
  draw: drawServer,
});
