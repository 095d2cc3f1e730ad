// Sample images and their predictions. What is there already is changed in place: no flicker, and bars glide to their new
// length. Names are only ever set as text.

const make = (tag, className, parent) => {
  const node = document.createElement(tag);
  node.className = className;
  parent.append(node);
  return node;
};

const svg = (tag, parent) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  parent.append(node);
  return node;
};

const build = (root) => {
  const tile = make('li', 'tile', root);
  tile.image = make('img', '', tile);
  tile.truth = make('bdi', 'truth', make('div', 'line', tile));
  tile.fill = make('div', 'fill', make('div', 'bar', tile));
  const line = make('div', 'line prediction', tile);
  tile.mark = make('span', 'mark', line);
  tile.prediction = make('bdi', '', line);
  tile.confidence = make('div', 'line confidence', tile);
  const course = svg('svg', tile);
  course.setAttribute('viewBox', '0 0 100 24');
  course.setAttribute('preserveAspectRatio', 'none');
  course.setAttribute('aria-hidden', 'true');
  tile.course = svg('polyline', course);
  return tile;
};

const points = (course) => {
  const step = 100 / Math.max(1, course.length - 1);
  return course.map((value, number) => `${(number * step).toFixed(1)},${(23 - 22 * value).toFixed(1)}`).join(' ');
};

export default function({data, parentElement}) {
  const root = parentElement.querySelector('.samples');
  const drawn = JSON.stringify(data.items);
  if (root.drawn === drawn) return;
  root.drawn = drawn;
  while (root.children.length > data.items.length) root.lastChild.remove();
  data.items.forEach((item, number) => {
    const tile = root.children[number] ?? build(root);
    const source = item.image ? `data:image/jpeg;base64,${item.image}` : '';
    if (tile.source !== source) {
      if (source) tile.image.src = source;
      else tile.image.removeAttribute('src');
      tile.source = source;
    }
    tile.image.alt = item.alt;
    tile.image.title = item.name;
    tile.dataset.verdict = item.verdict;
    tile.truth.textContent = item.label;
    tile.truth.title = item.label;
    tile.fill.style.width = `${100 * item.truth}%`;
    tile.mark.textContent = {right: '✓', wrong: '✗', none: ''}[item.verdict];
    tile.prediction.textContent = item.prediction || 'none yet';
    tile.prediction.title = item.prediction;
    tile.confidence.textContent = item.confidence ? `${item.verdict}, ${item.confidence}` : '\u00a0';
    tile.course.setAttribute('points', item.course.length > 1 ? points(item.course) : '');
  });
}
