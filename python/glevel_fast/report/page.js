// Shows what the page's data hold; computes no score. Every text goes in as text, never as markup.
const at = (id) => document.getElementById(id);
async function unpack(id) {
  const bytes = Uint8Array.from(atob(at(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
const url = URL.createObjectURL(new Blob([await unpack("library")], { type: "text/javascript" }));
const DataTable = (await import(url)).default;
URL.revokeObjectURL(url);
const data = JSON.parse(await unpack("data"));
const plainText = DataTable.render.text();

function option(value, text) {
  const item = document.createElement("option");
  item.value = value;
  item.textContent = text;
  return item;
}

function theme(dark) {
  document.documentElement.classList.toggle("dark", dark);
  at("theme").setAttribute("aria-pressed", String(dark));
}
theme(matchMedia("(prefers-color-scheme: dark)").matches);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => theme(event.matches));
at("theme").addEventListener("click", () => theme(!document.documentElement.classList.contains("dark")));

// Columns: numbers sort as numbers whatever is shown; what has none stands last.
const number = (title, digits, last = -1e300) => ({
  title,
  type: "num",
  className: "dt-right",
  render: (value, type) => {
    if (type === "display" || type === "filter") return value === null ? "-" : digits === null ? String(value) : value.toFixed(digits);
    return value === null ? last : value;
  },
});
const text = (title) => ({ title, render: plainText });

function modelColumn() {
  return {
    title: "Model",
    type: "string",
    className: "dt-left",
    render: { _: (m) => m, display: () => "", filter: (m) => data.models[m], sort: (m) => data.models[m].toLowerCase() },
    createdCell: (cell, m) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "model";
      button.textContent = data.models[m];
      button.title = data.models[m];
      button.addEventListener("click", () => openReceipt(m));
      cell.replaceChildren(button);
    },
  };
}

let board = null;
function fresh(id, old) {
  if (old) old.destroy(true);
  const table = document.createElement("table");
  table.id = id;
  table.className = "compact hover";
  return table;
}

function showBoard() {
  const scope = data.scopes[at("scope").value];
  const level = at("level").value;
  const shown = scope.boards[level];
  const parts = Object.keys(shown.parts);
  const intervals = scope.kind === "A" ? data.intervals[level] : undefined;
  const columns = [
    number("Rank", null, 1e300),
    ...(intervals ? [text("Rank interval")] : []),
    modelColumn(),
    number("Score", 2),
    number("Level", null),
    text("Modalities"),
    text("Paradigm"),
    ...parts.map((name) => number(name, 2)),
    number("Coverage %", 1),
    number("On supported", 2),
    number("Supported", null),
    number("Wins", null),
  ];
  const rows = data.models.map((_, m) => [
    shown.rank[m],
    ...(intervals ? [intervals[m] ? intervals[m].join(" to ") : "-"] : []),
    m,
    shown.score[m],
    scope.level[m] || null,
    scope.modalities[m],
    scope.paradigm[m],
    ...parts.map((name) => shown.parts[name][m]),
    scope.coverage[m],
    scope.mean[m],
    scope.supported[m],
    scope.wins[m],
  ]);
  const table = fresh("board", board);
  at("board-place").replaceChildren(table);
  const many = rows.length > 200;
  board = new DataTable(table, {
    data: rows,
    columns,
    order: [[0, "asc"]],
    paging: many,
    pageLength: 100,
    deferRender: true,
    autoWidth: false,
    language: { search: "Filter", emptyTable: "No models" },
  });
  const what = level === "0" ? "combined: by level, then by score" : `Level-${level}`;
  at("about").textContent = `Scope ${scope.name}, ${what}; ${data.models.length} models, ${scope.tasks} tasks`;
}

function showLevels() {
  const before = at("level").value;
  const keys = Object.keys(data.scopes[at("scope").value].boards);
  at("level").replaceChildren(...keys.map((key) => option(key, key === "0" ? "combined" : `Level-${key}`)));
  at("level").value = keys.includes(before) ? before : "0";
  showBoard();
}

const kinds = { A: "Scope-A", B: "Scope-B: modality", C: "Scope-C: paradigm of a modality", D: "Scope-D: skill" };
for (const [kind, label] of Object.entries(kinds)) {
  const group = document.createElement("optgroup");
  group.label = label;
  data.scopes.forEach((scope, i) => scope.kind === kind && group.append(option(i, scope.name)));
  if (group.children.length) at("scope").append(group);
}
at("scope").addEventListener("change", showLevels);
at("level").addEventListener("change", showBoard);

let openModel = 0;
let tasks = null;
let lacking = null;
const taskColumns = (first, extra) => [text("Task"), first, number("Raw", null), number("Specialist's", null), ...extra];

function openReceipt(m) {
  openModel = m;
  const receipt = data.receipts[m];
  at("receipt-title").textContent = `Receipt of ${data.models[m]}, Scope A`;
  at("receipt-level").replaceChildren(...receipt.levels.map((k, i) => option(i, `Level-${k}`)));
  const level = Number(at("level").value) || data.scopes[0].level[m];
  at("receipt-level").value = Math.max(0, receipt.levels.indexOf(level));
  const old = lacking;
  const place = old ? old.table().container().parentElement : at("receipt-lacking").parentElement;
  const table = fresh("receipt-lacking", old);
  place.replaceChildren(table);
  lacking = new DataTable(table, {
    data: receipt.lacking.map(([task, raw, sota, gap, gain]) => [data.tasks.name[task], gain, raw, sota, gap]),
    columns: taskColumns(number("Gain", 4), [number("Points below", 2)]),
    order: [],
    paging: false,
    searching: false,
    info: false,
    autoWidth: false,
    language: { emptyTable: "None: every supported task is won, or none is supported" },
  });
  showContributions();
  if (!at("receipt").open) at("receipt").showModal();
}

function showContributions() {
  const receipt = data.receipts[openModel];
  const i = Number(at("receipt-level").value);
  const level = receipt.levels[i];
  at("receipt-sum").textContent =
    `Level-${level} of ${receipt.scores[i]}: the contributions below add up to it; before they were shortened for this ` +
    `page, their sum as doubles differed by ${receipt.rounding[i].toExponential(1)}.`;
  const place = tasks ? tasks.table().container().parentElement : at("receipt-tasks").parentElement;
  const table = fresh("receipt-tasks", tasks);
  place.replaceChildren(table);
  const of = data.tasks;
  tasks = new DataTable(table, {
    data: receipt.rows.map(([task, raw, points, won, ...shares]) => [
      of.name[task], shares[i], raw, of.sota[task], won ? "yes" : "no", points, of.metric[task], of.scale[task],
      of.groups[of.group[task]], of.weight[task],
    ]),
    columns: taskColumns(number("Contribution", 5), [
      text("Win"), number("Points", 2), text("Metric"), number("Scale", null), text("Group"), number("Weight", null),
    ]),
    order: [[1, "desc"]],
    pageLength: 25,
    deferRender: true,
    autoWidth: false,
    language: { search: "Filter", emptyTable: "No task is supported" },
  });
}
at("receipt-level").addEventListener("change", showContributions);

showLevels();
at("controls").hidden = false;
document.documentElement.dataset.ready = "yes";
