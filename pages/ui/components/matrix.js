// The confusion matrix as a table of buttons. Names are only ever set as text.

const make = (tag, parent, text) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
};

// A name that is cut off can still be read, by pointing at it.
const heading = (parent, name, scope) => Object.assign(make('th', parent, name), {scope, title: name});

export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('.matrix');
  const focused = root.contains(root.getRootNode().activeElement) ? root.getRootNode().activeElement.dataset.cell : '';
  const table = document.createElement('table');
  make('caption', table, data.caption);
  const head = make('tr', make('thead', table));
  make('td', head);
  for (const name of data.columns) heading(head, name, 'col');
  const body = make('tbody', table);
  data.rows.forEach((name, row) => {
    const line = make('tr', body);
    heading(line, name, 'row');
    data.columns.forEach((predicted, column) => {
      const cell = data.cells[row][column];
      const button = make('button', make('td', line));
      button.type = 'button';
      button.dataset.cell = `${row} ${column}`;
      button.style.setProperty('--share', cell.share);
      button.className = row === column ? 'right' : column < data.rows.length ? 'wrong' : 'unsure';
      button.setAttribute('aria-pressed', data.chosen === button.dataset.cell);
      button.setAttribute('aria-label', `True class ${name}, predicted ${predicted}: ${cell.count}, ${cell.rate}`);
      make('strong', button, data.rates ? cell.rate : cell.count);
      make('span', button, data.rates ? cell.count : cell.rate);
      button.onclick = () => setTriggerValue('cell', {row, column});
    });
  });
  root.replaceChildren(table);
  if (focused) root.querySelector(`[data-cell="${focused}"]`)?.focus({preventScroll: true});
}
