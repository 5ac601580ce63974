"use strict";
/*
 * What every part of a page uses: making elements, writing numbers, the
 * tooltip, and the list of sections.  "run" is what is told about: a run, and
 * on other pages a sweep, a comparison, two saved runs.
 *
 * Text from the report only ever becomes a text node; elements are made one by
 * one and never from text.
 */

const run = JSON.parse(document.getElementById("data").textContent);

/*
 * The sections of the page in their order: { id, title, lead, has(run),
 * draw(element, run) }.  One whose data is not there does not appear.
 */
const sections = [];

/* -------- elements -------- */

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on")
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

function make(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/* Text from outside, which may run from right to left: it stays by itself. */
function bdi(text) {
  return make("bdi", {}, String(text));
}

/* rows: arrays of cells; a cell is text, a node, or { n: number's text }. */
function table(caption, heads, rows) {
  const cell = (tag, content, isNumber) =>
    make(tag, { class: isNumber ? "n" : null, scope: tag === "th" ? "col" : null }, content);
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make("table", {},
      make("caption", { class: "unseen" }, caption),
      make("thead", {}, make("tr", {}, heads.map((head) => cell("th", head.n ?? head, head.n !== undefined)))),
      make("tbody", {}, rows.map((row) =>
        make("tr", {}, row.map((one) => cell("td", one?.n ?? one, one?.n !== undefined)))))));
}

/* -------- numbers -------- */

/* As the text report writes them: three significant digits, right unit. */
function duration(seconds) {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "\u2212" : "";
  const digits = (value) => value.toFixed(value < 0.9995 ? 3 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
  if (size < 999.5e-9) return sign + (size * 1e9).toFixed(0) + " ns";
  if (size < 999.5e-6) return sign + digits(size * 1e6) + " \u00b5s";
  if (size < 99.95e-3) return sign + digits(size * 1e3) + " ms";
  return sign + digits(size) + " s";
}

/* Of the parts of a step's time. */
function phaseName(name) {
  return name === "rest" ? "network and the rest" : name;
}

function count(number) {
  return Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function percent(part) {
  return (100 * part).toFixed(part < 0.0995 ? 1 : 0) + " %";
}

function bytes(number) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (number >= 1000 && unit < 3) { number /= 1000; unit++; }
  return (unit === 0 ? number.toFixed(0) : number.toPrecision(3)) + " " + units[unit];
}

/* 1, 2 or 5 times a power of ten, such that there are at most "most". */
function niceStep(length, most) {
  const power = 10 ** Math.floor(Math.log10(length / most));
  return [1, 2, 5, 10].map((one) => one * power).find((step) => length / step <= most) ?? 10 * power;
}

function totalTasks() {
  return run.counts.ok + run.counts.failed + run.counts.canceled;
}

/* -------- the tooltip -------- */

const tip = document.getElementById("tip");

/* box: { left, right, top, bottom } of what it is about. */
function showTip(box, ...children) {
  tip.replaceChildren(...children.flat());
  tip.hidden = false;
  const width = tip.offsetWidth, height = tip.offsetHeight;
  const left = Math.min(Math.max(12, box.left), innerWidth - width - 12);
  const below = box.bottom + 10 + height < innerHeight;
  tip.style.left = left + "px";
  tip.style.top = (below ? box.bottom + 10 : Math.max(8, box.top - height - 10)) + "px";
}

function hideTip() {
  tip.hidden = true;
}

function terms(pairs) {
  return make("dl", {}, pairs.filter((pair) => pair[1] !== null && pair[1] !== undefined)
    .map(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]));
}

function say(text) {
  document.getElementById("live").textContent = text;
}

/* -------- classes of time -------- */

const classColors = {
  loop: "held", pool: "pool", thread: "waitthread", backoff: "backoff", queued: "queued",
  connect: "connect", server: "server", http: "http", sleep: "sleep", client: "client",
};

function classColor(name) {
  return "--c: var(--" + (classColors[name] ?? "accent") + ")";
}

/* -------- steps and tasks by number -------- */

const stepsByNumber = new Map((run.steps ?? []).map((step) => [step.step, step]));
const tasksByNumber = new Map((run.tasks ?? []).map((task) => [task.number, task]));

function placeOf(step) {
  if (!step) return "";
  return (run.plan.length > 1 ? run.plan[step.file] + " " : "") + "line " + step.line;
}

/* The text of a step's line in the plan. */
function sourceLine(step) {
  return step ? ((run.plan_text?.[step.file] ?? "").split("\n")[step.line - 1] ?? "").trim() : "";
}

function waits(step) {
  return ["sql", "http", "sleep", "shell"].includes(step.kind);
}
