// Tables sort by a click on a head; the first page's filter leaves rows out by text and status.
(function () {
  "use strict";

  function sortable(table) {
    const columns = Array.from(table.tHead.rows[0].cells, function (head) {
      const number = head.classList.contains("number");
      const first = head.dataset.first || "asc";
      return {
        type: number ? "num" : "html", // sorted and found by what is read, not by tags
        orderSequence: [first, first === "asc" ? "desc" : "asc"],
      };
    });
    return new DataTable(table, {
      columns: columns,
      order: [],
      paging: false,
      info: false,
      autoWidth: false,
      layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
      language: { emptyTable: "No methods.", zeroRecords: "No method fits the filter." },
    });
  }

  function filterBy(form, tables) {
    const text = form.querySelector("[data-filter-text]");
    const boxes = Array.from(form.querySelectorAll("[data-filter-status]"));
    const count = form.querySelector("[data-filter-count]");

    function apply() {
      const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      let shown = 0;
      let all = 0;
      for (const table of tables) {
        const last = table.columns().count() - 1;
        table.column(1).search(text.value.trim());
        table.column(last).search((cell) => wanted.has(cell.trim()));
        table.draw();
        shown += table.rows({ search: "applied" }).count();
        all += table.rows().count();
      }
      count.textContent = shown === all ? "" : shown + " of " + all + " entries";
    }

    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  const filterable = [];
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const made = sortable(table);
    if (table.hasAttribute("data-filterable")) {
      filterable.push(made);
    }
  }
  const form = document.querySelector("[data-filter]");
  if (form) {
    filterBy(form, filterable);
  }
})();
