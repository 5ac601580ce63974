"use strict";
/* The plan's text, with what each line cost. */

const planLines = new Map(); /* "file:line" to its row */

function planRow(step) {
  return step ? planLines.get(step.file + ":" + step.line) : undefined;
}

/* Mark the line of a step; null: none. */
function markPlan(step) {
  for (const row of planLines.values()) row.classList.remove("chosen");
  planRow(step)?.classList.add("chosen");
}

function goToLine(step) {
  markPlan(step);
  planRow(step)?.scrollIntoView({ block: "center" });
}

function lineCosts(file) {
  const costs = new Map();
  for (const step of run.steps ?? []) {
    if (step.file !== file || step.count === 0 || !waits(step)) continue;
    const cost = costs.get(step.line) ?? { seconds: 0, count: 0, steps: [] };
    cost.seconds += step.own.mean * step.own.count;
    cost.count += step.count;
    cost.steps.push(step);
    costs.set(step.line, cost);
  }
  return costs;
}

function flags(cost) {
  const list = [];
  for (const step of cost?.steps ?? []) {
    if (run.prediction?.fix_step === step.step && ["step_async", "step_thread"].includes(run.prediction.fix))
      list.push(run.prediction.fix === "step_async" ? "make it async" : "run it on a thread");
    if (step.cost > 0) list.push("cost others " + duration(step.cost));
    if (step.failed > 0) list.push(count(step.failed) + " failed");
  }
  return list.length > 0 ? make("span", { class: "flag" }, "\u25c0 " + list.join(", ")) : null;
}

function drawSource(file, most) {
  const costs = lineCosts(file);
  const lines = run.plan_text[file].replace(/\n$/, "").split("\n");
  const rows = lines.map((text, i) => {
    const cost = costs.get(i + 1);
    const row = make("tr", { class: cost && cost.seconds === most && costs.size > 1 ? "hot" : null },
      make("td", { class: "no" }, String(i + 1)),
      make("td", { class: "cost" }, cost ? duration(cost.seconds) : ""),
      make("td", { class: "cost" }, cost && cost.count > 1 ? "\u00d7" + count(cost.count) : ""),
      make("td", { class: "heat" }, cost ? make("span", { class: "meter", style: "width: " + Math.max(2, 88 * cost.seconds / most) + "px; --c: var(--blocking)" }) : ""),
      make("td", { class: "src" }, bdi(text), flags(cost)));
    planLines.set(file + ":" + (i + 1), row);
    return row;
  });
  return make("div", { class: "plan", tabindex: 0, role: "region", "aria-label": "Plan " + run.plan[file] },
    make("table", {}, make("caption", {}, bdi(run.plan[file])),
      make("thead", { class: "unseen" }, make("tr", {}, ["line", "time", "count", "", "text"].map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, rows)));
}

sections.push({
  id: "plan", title: "Plan",
  lead: "Beside each line the own time of its steps in all tasks. Secrets are masked.",
  has: () => (run.plan_text ?? []).some((text) => text !== ""),
  draw: (section) => {
    const most = Math.max(...run.plan.map((_, file) => Math.max(0, ...[...lineCosts(file).values()].map((cost) => cost.seconds))), 1e-12);
    run.plan_text.forEach((text, file) => { if (text) section.append(drawSource(file, most)); });
  },
});
