// Text, digits, bars and tables; nothing here knows what a board is.
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Digits as Python writes them: ties of the last digit go to the even one.
function fixed(value, digits) {
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 60));
  const cut = exact.length - 60;
  const text = value.toFixed(digits);
  if (!/^50*$/.test(exact.slice(cut))) return text;
  const down = exact.slice(0, cut).replace(/\.$/, "");
  return Number(down.at(-1)) % 2 ? text : (value < 0 ? "-" : "") + down;
}
function general(value) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(5).split("e").map(Number);
  if (exponent < -4 || exponent >= 6) return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  return String(Number(value.toFixed(Math.min(100, 5 - exponent))));
}
const orDash = (format) => (value) => (value === null || value === undefined ? "-" : format(value));
const points = orDash((value) => fixed(value, 2));

function bar(share, second = null, kind = "") {
  const picture = make("span", { class: "bar", "aria-hidden": "true" });
  for (const part of second === null ? [share] : [share, second]) {
    const fill = make("span", { class: part === second ? "won" : kind });
    fill.style.width = `${Math.max(0, Math.min(100, part))}%`;
    picture.append(fill);
  }
  return picture;
}

// Tables -----------------------------------------------------------------------------------------------------

// A number next to what it is compared with: all its digits where fewer would hide that the two differ.
const beside = (value, other) => (value !== other && value !== null && other !== null && general(value) === general(other) ? String(value) : orDash(general)(value));

// A column: title; of(row), what it sorts by; show(row), its text; left, more, first ("desc" for numbers); cell(td, row).
const number = (title, of, format = points, extra = {}) => ({ title, of, show: (row) => format(of(row)), first: "desc", ...extra });
const text = (title, of, extra = {}) => ({ title, of, show: (row) => of(row) ?? "-", left: true, first: "asc", ...extra });

function compare(a, b) {
  if (typeof a === "string" || typeof b === "string") return String(a).localeCompare(String(b), "en", { sensitivity: "base", numeric: true });
  return a - b;
}
const isNothing = (value) => value === null || value === undefined || value === "";

// Fills a table; a click on a head sorts, and what has no value stands last either way.
function grid(table, columns, rows, { sort = null, onSort = () => {}, empty = "Nothing", most = Infinity } = {}) {
  let all = most === Infinity;
  const head = make("tr");
  const body = make("tbody");
  const order = () => {
    const column = sort && columns.find((c) => c.title === sort.title);
    if (!column) return rows;
    const sign = sort.down ? -1 : 1;
    return rows
      .map((row, place) => [row, place])
      .sort(([a, i], [b, j]) => {
        const [x, y] = [column.of(a), column.of(b)];
        if (isNothing(x) || isNothing(y)) return isNothing(x) - isNothing(y) || i - j;
        return sign * compare(x, y) || i - j;
      })
      .map(([row]) => row);
  };
  function fill() {
    const ordered = order();
    const lines = (all ? ordered : ordered.slice(0, most)).map((row) =>
      make("tr", {}, ...columns.map((column) => {
        const cell = make(column.head ? "th" : "td", { class: classes(column) });
        if (column.head) cell.setAttribute("scope", "row");
        if (column.cell) column.cell(cell, row);
        else cell.textContent = column.show(row);
        if (column.of(row) === 0) cell.classList.add("zero");
        return cell;
      })),
    );
    if (!rows.length) lines.push(make("tr", {}, make("td", { colspan: columns.length }, empty)));
    if (!all && rows.length > most) {
      const button = make("button", { type: "button" }, `Show all ${rows.length}`);
      button.addEventListener("click", () => ((all = true), fill()));
      lines.push(make("tr", {}, make("td", { colspan: columns.length }, button)));
    }
    body.replaceChildren(...lines);
    columns.forEach((column, i) => {
      const on = sort && sort.title === column.title;
      head.children[i].setAttribute("aria-sort", on ? (sort.down ? "descending" : "ascending") : "none");
    });
    return ordered;
  }
  const classes = (column) => `${column.left ? "left" : "right"}${column.more ? " more" : ""}${column.head ? " name" : ""}`;
  for (const column of columns) {
    const button = make("button", { type: "button", class: "sort" }, column.title);
    button.addEventListener("click", () => {
      const again = sort && sort.title === column.title;
      sort = { title: column.title, down: again ? !sort.down : column.first === "desc" };
      fill();
      onSort(sort);
    });
    head.append(make("th", { scope: "col", class: classes(column) }, button));
  }
  table.replaceChildren(make("thead", {}, head), body);
  fill();
  return { ordered: order, columns };
}
