// Draws the table of stops as a chart: boardings up, alightings down, load as a line.
'use strict';
(() => {
  const table = document.getElementById('load');
  const canvas = document.getElementById('chart');
  if (!table || !canvas || !window.Chart) { return; }
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows];
  const names = rows.map((row) => row.cells[1].textContent);
  // A group too small to be shown is a hole, not a zero.
  const column = (index) => rows.map((row) => {
    const value = row.cells[index].dataset.value;
    return value === '' ? null : Number(value);
  });
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = color('--soft');
  Chart.defaults.borderColor = color('--line');
  new Chart(canvas, {
    data: {
      labels: names,
      datasets: [
        { type: 'line', label: heads[4], data: column(4), borderColor: color('--ink'),
          backgroundColor: color('--ink'), borderWidth: 2, pointRadius: 2, stepped: 'before', spanGaps: false },
        { type: 'bar', label: heads[2], data: column(2), backgroundColor: color('--accent'),
          stack: 'stop' },
        { type: 'bar', label: heads[3], data: column(3).map((value) => (value === null ? null : -value)),
          backgroundColor: '#d08a2c', stack: 'stop' },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: { grid: { display: false }, ticks: { maxRotation: 60, autoSkip: rows.length > 40 } },
        y: { ticks: { precision: 0, callback: (value) => String(Math.abs(value)) } },
      },
      plugins: {
        legend: { position: 'top', align: 'end', labels: { boxWidth: 12 } },
        tooltip: { callbacks: {
          label: (item) => item.dataset.label + ': ' + Math.abs(item.parsed.y),
        } },
      },
    },
  });
  canvas.dataset.drawn = String(rows.length);
})();
