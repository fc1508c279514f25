// Shows what the page's data hold; computes no score. Every text goes in as text, never as markup: no sink of markup
// is used at all, and the page's content-security policy (Trusted Types) forbids them.
const at = (id) => document.getElementById(id);
const root = document.documentElement;

async function unpack(id) {
  const bytes = Uint8Array.from(atob(at(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
const data = JSON.parse(await unpack("data"));

// What is shown stands in the address ------------------------------------------------------------------------

const state = { scope: 0, level: "0", filter: "", sort: null, more: false, model: "", compare: [] };
const plain = (name) => data.models.indexOf(name);

let pending = 0;
function readAddress(hash) {
  clearTimeout(pending);
  const given = new URLSearchParams(hash.slice(1));
  state.scope = Math.max(0, data.scopes.findIndex((s) => s.name === given.get("scope")));
  const [title, way] = [given.get("sort"), given.get("order")];
  state.sort = title ? { title, down: way === "desc" } : null;
  state.level = given.get("level") ?? "0";
  state.filter = given.get("filter") ?? "";
  state.more = given.get("more") === "yes";
  state.model = given.get("model") ?? "";
  state.compare = given.getAll("compare").filter((name) => plain(name) >= 0).slice(0, 4);
}
function writeAddress() {
  clearTimeout(pending); // browsers refuse an address that changes too often
  pending = setTimeout(writeNow, 100);
}
function writeNow() {
  const shown = new URLSearchParams();
  if (state.scope) shown.set("scope", data.scopes[state.scope].name);
  if (state.level !== "0") shown.set("level", state.level);
  if (state.filter) shown.set("filter", state.filter);
  if (state.sort) {
    shown.set("sort", state.sort.title);
    shown.set("order", state.sort.down ? "desc" : "asc");
  }
  if (state.more) shown.set("more", "yes");
  if (state.model) shown.set("model", state.model);
  for (const name of state.compare) shown.append("compare", name);
  history.replaceState(null, "", `#${shown}`);
}

// The board --------------------------------------------------------------------------------------------------

const scopeNow = () => data.scopes[state.scope];
let shownBoard = null;

function modelCell(cell, m) {
  const button = make("button", { type: "button", class: "model", title: data.models[m] }, data.models[m]);
  button.addEventListener("click", () => openReceipt(m));
  cell.append(button);
}
function badge(cell, level) {
  cell.append(level ? make("span", { class: `level l${level}` }, String(level)) : "-");
}

function boardColumns(scope, board, intervals) {
  const best = Math.max(...board.score.map((x) => x ?? 0), 1e-9);
  const marked = (mark, value) => (mark && value !== null ? "≥" : "") + points(value);
  const part = ([title, [values, marks]], extra = {}) => number(title, (m) => values[m], points, { ...extra, show: (m) => marked(marks[m], values[m]) });
  const columns = [
    number("Rank", (m) => board.rank[m], orDash(String), { first: "asc" }),
    text("Model", (m) => data.models[m], { head: true, cell: modelCell }),
    number("Level", (m) => scope.level[m] || null, orDash(String), { cell: (cell, m) => badge(cell, scope.level[m]) }),
    number("Score", (m) => board.score[m], points, {
      show: (m) => marked(board.bound[m], board.score[m]),
      cell(cell, m) {
        cell.classList.add("score");
        cell.append(make("span", {}, this.show(m)), bar((100 * (board.score[m] ?? 0)) / best, null, `l${state.level === "0" ? scope.level[m] : state.level}`));
      },
    }),
    ...(intervals ? [intervalColumn(intervals, intervals === data.intervals.own)] : []),
    ...Object.entries(board.modalities ?? {}).map((entry) => part(entry)),
    number("Coverage %", (m) => scope.coverage[m], orDash((x) => fixed(x, 1))),
    number("Wins", (m) => scope.wins[m], orDash(String)),
    ...Object.entries(board.parts).map((entry) => part(entry, { more: true })),
    text("Modalities", (m) => scope.modalities[m] || null, { more: true }),
    text("Paradigm", (m) => scope.paradigm[m] || null, { more: true }),
    number("On supported", (m) => scope.mean[m], points, { more: true }),
    number("Supported", (m) => scope.supported[m], orDash(String), { more: true }),
  ];
  // A column that says the same of every model steps back.
  const kept = ["Rank", "Model", "Level", "Score"];
  for (const column of columns) {
    const said = new Set(data.models.map((_, m) => column.of(m) ?? 0));
    if (!kept.includes(column.title) && said.size < 2) column.more = true;
  }
  return columns;
}

// The interval as a strip: the whole width are all ranks.
function intervalColumn(intervals, own) {
  const ends = (m) => intervals[m];
  return {
    title: own ? "Rank interval at its level" : "Rank interval",
    interval: true,
    of: (m) => ends(m)?.[0] ?? null,
    show: (m) => (ends(m) ? ends(m).join(" to ") : "-"),
    first: "asc",
    cell(cell, m) {
      cell.append(make("span", {}, this.show(m)));
      if (!ends(m)) return;
      const [low, high] = ends(m);
      const strip = make("span", { class: "bar", "aria-hidden": "true" });
      const fill = make("span", { class: "" });
      fill.style.marginLeft = `${(100 * (low - 1)) / data.models.length}%`;
      fill.style.width = `${(100 * (high - low + 1)) / data.models.length}%`;
      strip.append(fill);
      cell.append(strip);
    },
  };
}

// Level-1: the specialists, task by task.
function specialistColumns() {
  const [of, at1] = [data.tasks, data.specialists];
  const signed = orDash((value) => (value < 0 ? "" : "+") + general(value));
  return [
    text("Task", (t) => of.name[t], { head: true }),
    text("Specialist", (t) => at1.specialist[t] || null),
    number("σ", (t) => of.sota[t], general, { show: (t) => beside(of.sota[t], at1.best[t]) }),
    number("σ in points", (t) => of.sotaPoints[t]),
    text("Best model", (t) => (at1.model[t] === null ? null : data.models[at1.model[t]])),
    number("Best", (t) => at1.best[t], general, { show: (t) => beside(at1.best[t], of.sota[t]) }),
    number("Margin", (t) => at1.margin[t], signed),
    number("Wins", (t) => at1.winners[t], String),
    number("Supported", (t) => at1.supporters[t], String),
    text("Metric", (t) => of.metric[t]),
    number("Best in points", (t) => at1.best_points[t], points, { more: true }),
    text("Group", (t) => of.groups[of.group[t]], { more: true }),
    text("Skill", (t) => at1.skill[t] || null, { more: true }),
  ];
}

function showSpecialists(scope, wanted) {
  const rows = data.tasks.name.map((_, t) => t).filter((t) => inScope(scope, t));
  const shown = rows.filter((t) => data.tasks.name[t].toLowerCase().includes(wanted));
  shownBoard = grid(at("board"), specialistColumns(), shown, {
    sort: state.sort,
    onSort: (sort) => ((state.sort = sort), writeAddress()),
    empty: "No task has such a name",
    most: 100,
  });
  const beaten = shown.filter((t) => data.specialists.winners[t]).length;
  const some = shown.length < rows.length ? `${shown.length} of ${rows.length}` : `${rows.length}`;
  return `Scope ${scope.name}, Level-1: ${some} specialists, ${beaten} of them met or beaten by a model`;
}

function levelsOf(scope) {
  return [...Object.keys(scope.boards), ...(data.specialists ? ["1"] : [])];
}
const levelNames = { 0: "combined", 1: "Level-1: specialists" };

function showBoard() {
  const scope = scopeNow();
  if (!levelsOf(scope).includes(state.level)) state.level = "0";
  const wanted = state.filter.trim().toLowerCase();
  at("about").textContent = state.level === "1" ? showSpecialists(scope, wanted) : showModels(scope, wanted);
  at("board").classList.toggle("all", state.more);
  at("board").classList.remove("still");
  at("scope").value = String(state.scope);
  at("level").replaceChildren(...levelsOf(scope).map((key) => make("option", { value: key }, levelNames[key] ?? `Level-${key}`)));
  at("level").value = state.level;
  at("filter").value = state.filter;
  at("more").checked = state.more;
  writeAddress();
}

function showModels(scope, wanted) {
  const board = scope.boards[state.level];
  const columns = boardColumns(scope, board, scope.kind === "A" ? data.intervals[state.level] ?? (state.level === "0" ? data.intervals.own : undefined) : undefined);
  const rows = data.models.map((_, m) => m).filter((m) => data.models[m].toLowerCase().includes(wanted));
  const ranked = rows.sort((a, b) => (board.rank[a] ?? 1e9) - (board.rank[b] ?? 1e9) || a - b);
  shownBoard = grid(at("board"), columns, ranked, {
    sort: state.sort,
    onSort: (sort) => ((state.sort = sort), writeAddress()),
    empty: "No model has such a name",
  });
  const what = state.level === "0" ? "combined: by level, then by score" : `Level-${state.level}`;
  const some = rows.length < data.models.length ? `${rows.length} of ${data.models.length} models` : `${rows.length} models`;
  return `Scope ${scope.name}, ${what}; ${some}, ${scope.tasks} tasks`;
}

const kinds = { A: "Scope-A", B: "Scope-B: modality", C: "Scope-C: paradigm of a modality", D: "Scope-D: skill" };
for (const [kind, label] of Object.entries(kinds)) {
  const group = make("optgroup", { label });
  data.scopes.forEach((scope, i) => scope.kind === kind && group.append(make("option", { value: i }, scope.name)));
  if (group.children.length) at("scope").append(group);
}
at("scope").addEventListener("change", () => ((state.scope = Number(at("scope").value)), showBoard()));
at("level").addEventListener("change", () => ((state.level = at("level").value), showBoard()));
at("filter").addEventListener("input", () => ((state.filter = at("filter").value), showBoard()));
at("more").addEventListener("change", () => ((state.more = at("more").checked), showBoard()));
at("controls").addEventListener("submit", (event) => event.preventDefault());

// Text that a spreadsheet would run as a formula stands behind an apostrophe.
function csvCell(value) {
  const shown = String(value ?? "");
  const safe = isNaN(shown) && /^[\s']*[=+\-@\t\n＝＋－＠]/.test(shown) && shown !== "-" ? `'${shown}` : shown;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
at("download").addEventListener("click", () => {
  const columns = shownBoard.columns.filter((column) => state.more || !column.more);
  const value = (column, m) => (column.interval ? column.show(m) : column.of(m));
  const lines = [columns.map((c) => c.title), ...shownBoard.ordered().map((m) => columns.map((c) => value(c, m)))];
  const blob = new Blob([lines.map((line) => line.map(csvCell).join(",") + "\n").join("")], { type: "text/csv" });
  const link = make("a", { download: "board.csv" });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

at("cite").addEventListener("click", () => at("citation").showModal());
at("copy").addEventListener("click", async () => {
  at("citation-text").select();
  await navigator.clipboard?.writeText(at("citation-text").value).catch(() => {});
});

// Receipts ---------------------------------------------------------------------------------------------------

let open = 0;
const inScope = (scope, task) => (scope.skill === undefined ? scope.groups.includes(data.tasks.group[task]) : data.tasks.skill[task] === scope.skill);

function openReceipt(m) {
  open = m;
  state.model = data.models[m];
  const scope = scopeNow();
  const levels = Object.keys(scope.boards).filter((k) => k > "0" && (k < "4" || scope.boards[k].score[m] > 0));
  const wanted = state.level > "1" ? state.level : String(scope.level[m] || 2);
  at("receipt-title").textContent = `Receipt of ${data.models[m]}, Scope ${scope.name}`;
  at("receipt-level").replaceChildren(...levels.map((k) => make("option", { value: k }, `Level-${k}`)));
  at("receipt-level").value = levels.includes(wanted) ? wanted : levels[0];
  showReceipt();
  if (!at("receipt").open) at("receipt").showModal();
  writeAddress();
}

// One row per supported task of the scope, with what it adds to the score.
function receiptRows(scope, level) {
  const receipt = data.receipts[open];
  const finished = receipt.high[`${state.scope} ${level}`];
  return receipt.rows
    .map(([task, raw, mapped, won], i) => ({ task, raw, points: mapped ?? raw, won, i }))
    .filter(({ task }) => inScope(scope, task))
    .map((row) => {
      const unit = data.tasks.share[row.task] * (scope.skill === undefined ? scope.unit[data.tasks.group[row.task]] : scope.unit);
      const adds = finished ? finished.adds[row.i] : row.won || level === "2" ? row.points * unit : 0;
      const sota = data.tasks.sotaPoints[row.task];
      return { ...row, adds, gap: sota === null ? null : sota - row.points, gain: level === "2" ? (sota - row.points) * unit : sota * unit };
    });
}

function showReceipt() {
  const scope = scopeNow();
  const level = at("receipt-level").value;
  const rows = receiptRows(scope, level);
  const score = scope.boards[level].score[open];
  const sum = rows.reduce((total, row) => total + row.adds, 0);
  at("receipt-sum").textContent = `Level-${level} of ${score}: ${rows.length} tasks supported, ${rows.filter((r) => r.won).length} won; the contributions add up to ${fixed(sum, 4)}.`;
  waterfall(rows, level);
  const of = data.tasks;
  const name = text("Task", (r) => of.name[r.task], { head: true });
  const raw = number("Raw", (r) => r.raw, general, { show: (r) => beside(r.raw, of.sota[r.task]) });
  const specialist = number("Specialist's", (r) => of.sota[r.task], general, { show: (r) => beside(of.sota[r.task], r.raw) });
  grid(at("receipt-tasks"), [
    name, number("Contribution", (r) => r.adds, (x) => fixed(x, 4)), raw, specialist,
    text("Win", (r) => (r.won ? "yes" : "no")), number("Points", (r) => r.points, general), text("Metric", (r) => of.metric[r.task]),
    number("Scale", (r) => of.scale[r.task], general), text("Group", (r) => of.groups[of.group[r.task]]),
    number("Weight", (r) => of.weight[r.task], general),
  ], rows, { sort: { title: "Contribution", down: true }, empty: "No task is supported", most: 50 });
  const finished = data.receipts[open].high[`${state.scope} ${level}`];
  const lacking = finished
    ? finished.lacking.map(([task, raw, gap, gain]) => ({ task, raw, gap, gain }))
    : rows
        .filter((r) => !r.won && r.gap !== null && (scope.skill !== undefined || scope.unit[of.group[r.task]] > 0))
        .sort((a, b) => a.gap - b.gap || a.task - b.task)
        .slice(0, data.nearest)
        .sort((a, b) => Math.round(1e9 * b.gain) - Math.round(1e9 * a.gain));
  grid(at("receipt-lacking"), [name, number("Gain", (r) => r.gain, (x) => fixed(x, 4)), raw, specialist, number("Points below", (r) => r.gap)], lacking, {
    empty: "None: every supported task is won, or none is supported",
  });
}

// What each group adds, from 0 up to the score.
function waterfall(rows, level) {
  const by = new Map();
  for (const row of rows) {
    const group = data.tasks.groups[data.tasks.group[row.task]];
    by.set(group, (by.get(group) ?? 0) + row.adds);
  }
  const parts = [...by].filter(([, value]) => value > 0);
  const total = parts.reduce((sum, [, value]) => sum + value, 0);
  let from = 0;
  const lines = [...parts, [`Level-${level}`, total]].map(([name, value], i) => {
    const strip = make("span", { class: "bar", "aria-hidden": "true" });
    const fill = make("span", { class: i === parts.length ? "won" : "" });
    fill.style.marginLeft = i === parts.length ? "0" : `${(100 * from) / (total || 1)}%`;
    fill.style.width = `${(100 * value) / (total || 1)}%`;
    from += value;
    strip.append(fill);
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", { class: "right" }, fixed(value, 4)), make("td", { class: "strip" }, strip));
  });
  at("receipt-parts").replaceChildren(make("caption", {}, "What each group adds to the score"), make("tbody", {}, ...lines));
}
at("receipt-level").addEventListener("change", showReceipt);
at("receipt").addEventListener("close", () => ((state.model = ""), writeAddress()));

// Side by side -----------------------------------------------------------------------------------------------

const compared = () => (state.compare.length ? state.compare : data.models.slice(0, 4));

function showSideBySide() {
  const boards = data.scopes.filter((s) => s.kind === "B");
  const chosen = compared().map(plain);
  const top = Math.max(...boards.flatMap((s) => chosen.map((m) => s.boards["2"].score[m] ?? 0)), 1e-9);
  at("panels").replaceChildren(
    ...boards.map((scope) => {
      const lines = chosen.map((m) => {
        const [s2, s3, s4] = ["2", "3", "4"].map((k) => scope.boards[k].score[m]);
        return make("tr", {}, make("th", { scope: "row", class: "name" }, data.models[m]),
          make("td", { class: "strip" }, bar((100 * (s2 ?? 0)) / top, (100 * (s3 ?? 0)) / top)),
          ...[s2, s3, s4].map((value) => make("td", { class: value ? "right" : "right zero" }, (scope.boards["2"].bound[m] ? "≥" : "") + points(value))));
      });
      const head = ["Model", "", "S2", "S3", "S4"].map((title) => (title ? make("th", { scope: "col" }, title) : make("td")));
      return make("table", { class: "panel" }, make("caption", {}, scope.modalityName), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...lines));
    }),
  );
}
const pickers = [0, 1, 2, 3].map((i) => {
  const select = make("select", { "aria-label": `Model ${i + 1}` }, make("option", { value: "" }, "(none)"), ...data.models.map((name, m) => make("option", { value: m }, name)));
  select.addEventListener("change", () => {
    state.compare = pickers.map((s) => s.value).filter(Boolean).map((m) => data.models[m]);
    showSideBySide();
    writeAddress();
  });
  at("pickers").append(select);
  return select;
});

// ------------------------------------------------------------------------------------------------------------

function theme(dark) {
  root.classList.toggle("dark", dark);
  at("theme").setAttribute("aria-pressed", String(dark));
}
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
theme(darkSystem.matches);
darkSystem.addEventListener("change", (event) => theme(event.matches));
at("theme").addEventListener("click", () => theme(!root.classList.contains("dark")));

function show(hash) {
  readAddress(hash);
  const chosen = compared().map(plain);
  pickers.forEach((select, i) => (select.value = chosen[i] === undefined ? "" : String(chosen[i])));
  const model = plain(state.model);
  showBoard();
  showSideBySide();
  if (model >= 0) openReceipt(model);
}
window.addEventListener("hashchange", (event) => show(new URL(event.newURL).hash));
show(location.hash);
for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
root.dataset.ready = "yes";
