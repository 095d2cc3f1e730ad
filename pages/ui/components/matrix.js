// The confusion matrix as a table: of few classes one of buttons, of many a grid of small cells that scrolls, in which the
// arrow keys move. Names are only ever set as text.

const make = (tag, parent, text) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
};

// A name that is cut off can still be read, by pointing at it.
const heading = (parent, name, scope) => {
  const node = Object.assign(make('th', parent), {scope, title: name});
  make('span', node, name);
};

const button = (line, cell, data) => {
  const node = make('button', make('td', line));
  node.type = 'button';
  make('strong', node, data.rates ? cell[1] : cell[0]);
  make('span', node, data.rates ? cell[0] : cell[1]);
  node.setAttribute('aria-pressed', data.chosen === cell.key);
  return node;
};

const small = (line, cell, data) => {
  const node = make('td', line, cell.blank ? '' : data.rates ? cell[1] : cell[0]);
  node.setAttribute('role', 'gridcell');
  node.setAttribute('aria-selected', data.chosen === cell.key);
  node.tabIndex = data.chosen === cell.key ? 0 : -1;
  return node;
};

const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

// The next cell in the direction of an arrow key.
const neighbour = (cell, key) => {
  const [down, right] = STEPS[key];
  const rows = [...cell.closest('tbody').rows];
  const line = rows[rows.indexOf(cell.parentElement) + down];
  return line?.cells[cell.cellIndex + right]?.closest('[data-cell]');
};

export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('.matrix');
  const focused = root.contains(root.getRootNode().activeElement) ? root.getRootNode().activeElement.dataset.cell : '';
  const {scrollLeft, scrollTop} = root;
  root.classList.toggle('dense', data.dense);
  const table = document.createElement('table');
  if (data.dense) table.setAttribute('role', 'grid');
  make('caption', table, data.caption);
  const head = make('tr', make('thead', table));
  make('td', head);
  for (const [name] of data.columns) heading(head, name, 'col');
  const body = make('tbody', table);
  for (const [name, row] of data.rows) {
    const line = make('tr', body);
    heading(line, name, 'row');
    for (const [predicted, column] of data.columns) {
      const key = `${row} ${column}`;
      const cell = Object.assign([...(data.cells[key] ?? ['0', '0.0%', 0])], {key, blank: !data.cells[key]});
      const node = (data.dense ? small : button)(line, cell, data);
      node.dataset.cell = key;
      node.style.setProperty('--share', cell[2]);
      node.className = row === column ? 'right' : column < data.rows.length ? 'wrong' : 'unsure';
      if (cell.blank) node.classList.add('blank');
      node.setAttribute('aria-label', `True class ${name}, predicted ${predicted}: ${cell[0]}, ${cell[1]}`);
      if (data.dense) node.title = `${name} → ${predicted}: ${cell[0]}`;
    }
  }
  const choose = (node) => {
    const [row, column] = node.dataset.cell.split(' ').map(Number);
    setTriggerValue('cell', {row, column});
  };
  table.onclick = ({target}) => {
    const node = target.closest('[data-cell]');
    if (node) choose(node);
  };
  table.onkeydown = (event) => {
    const node = event.target.closest('td[data-cell]');
    if (!node) return;
    if (event.key === 'Enter' || event.key === ' ') choose(node);
    else if (event.key in STEPS) neighbour(node, event.key)?.focus();
    else return;
    event.preventDefault();
  };
  root.replaceChildren(table);
  Object.assign(root, {scrollLeft, scrollTop});
  if (focused) root.querySelector(`[data-cell="${focused}"]`)?.focus({preventScroll: true});
}
