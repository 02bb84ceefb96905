// Charts drawn from the tables beside them: what a chart shows is what its table says. Without this script, or
// where nothing can be drawn, the tables stand alone.

const { echarts } = window;
const BARS_AT_MOST = 40;
const drawn = [];

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function number(cell) {
  const text = cell.childElementCount ? (cell.querySelector("a") || cell.firstChild).textContent : cell.textContent;
  const found = text.replace(/[,\s]/g, "").match(/-?\d+(\.\d+)?/);
  return found ? Number(found[0]) : null;
}

function base() {
  const ink = token("--ink-soft");
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
    // Rich text: a tooltip of HTML would need inline styles, which the page's policy forbids.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      axisPointer: { type: "shadow" },
      backgroundColor: token("--surface"),
      borderColor: token("--line"),
      textStyle: { color: token("--ink") },
    },
    legend: { textStyle: { color: ink }, top: 0, left: 0 },
    grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
  };
}

function axis(more) {
  return {
    axisLabel: { color: token("--ink-soft"), hideOverlap: true },
    axisLine: { lineStyle: { color: token("--line-strong") } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: token("--line") } },
    ...more,
  };
}

// Two numbers a row, side by side.
function course(table) {
  const rows = [...table.tBodies[0].rows];
  const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
  const colours = [token("--wait"), token("--light-yellow")];
  return {
    ...base(),
    xAxis: axis({ type: "category", data: rows.map((row) => row.cells[0].textContent.trim()) }),
    yAxis: axis({ type: "value", minInterval: 1 }),
    series: names.map((name, at) => ({
      name,
      type: "bar",
      itemStyle: { color: colours[at] },
      data: rows.map((row) => number(row.cells[at + 1])),
    })),
  };
}

// One figure of each row, the largest on top.
function rows(table, indicator) {
  const column = [...table.tBodies[0].rows]
    .map((row) => ({
      name: row.cells[0].textContent.trim(),
      cell: row.querySelector(`[data-indicator="${indicator}"]`),
    }))
    .map(({ name, cell }) => ({ name, value: number(cell), percent: cell.textContent.includes("%") }))
    .filter((one) => one.value !== null)
    .sort((one, other) => one.value - other.value)
    .slice(-BARS_AT_MOST);
  const percent = column.some((one) => one.percent);
  const unit = percent ? " %" : "";
  return {
    tall: column.length,
    option: {
      ...base(),
      legend: { show: false },
      grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
      xAxis: axis({ type: "value", max: percent ? 100 : null, minInterval: percent ? null : 1 }),
      yAxis: axis({
        type: "category",
        data: column.map((one) => one.name),
        splitLine: { show: false },
        axisLabel: { color: token("--ink"), width: 120, overflow: "truncate" },
      }),
      series: [
        {
          type: "bar",
          barMaxWidth: 18,
          itemStyle: { color: token("--wait") },
          label: { show: true, position: "right", color: token("--ink"), formatter: (one) => `${one.value}${unit}` },
          data: column.map((one) => one.value),
        },
      ],
    },
  };
}

function draw(box) {
  const table = document.getElementById(box.dataset.table);
  const made = box.dataset.chart === "course" ? { option: course(table) } : rows(table, box.dataset.indicator);
  if (made.tall !== undefined) box.style.height = `${Math.max(6, 1.75 * made.tall + 2.5)}rem`;
  const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "canvas" });
  chart.resize();
  chart.setOption(made.option, true);
  box.dataset.drawn = box.dataset.indicator || "yes";
  if (!drawn.includes(box)) drawn.push(box);
}

function again() {
  drawn.forEach(draw);
}

if (echarts) {
  document.querySelectorAll("[data-chart]").forEach(draw);
  document.querySelectorAll("[data-choose]").forEach((choice) => {
    choice.addEventListener("change", () => {
      const box = document.getElementById(choice.dataset.choose);
      box.dataset.indicator = choice.value;
      draw(box);
    });
  });
  addEventListener("resize", () => drawn.forEach((box) => echarts.getInstanceByDom(box).resize()));
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
} else {
  document.querySelectorAll("[data-chart]").forEach((box) => (box.hidden = true));
}
