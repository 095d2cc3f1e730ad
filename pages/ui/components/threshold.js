// The threshold's slider. The browser knows the counts at every step, so they follow the thumb; Python is told of the
// threshold on release, and sets only where the slider begins.
const [LEFT, RIGHT, TOP, BOTTOM] = [34, 214, 6, 132]; // of the curve's field, in its own units
const SVG = 'http://www.w3.org/2000/svg';

const make = (tag, parent, attributes, text) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
};
const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}%`;

export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('.threshold');
  const slider = root.querySelector('input'), svg = root.querySelector('svg');
  const part = (name) => root.querySelector(`dd[data-of="${name}"]`);
  const known = data.rows.filter((row) => row[6] !== null);
  const lowest = Math.min(0.99, ...known.map((row) => row[6]));
  const across = (share) => LEFT + share * (RIGHT - LEFT);
  const up = (share) => BOTTOM - (share - lowest) / (1 - lowest) * (BOTTOM - TOP);

  const show = () => {
    const [threshold, right, wrong, unsure, share, accuracy, value] = data.rows[slider.value];
    const words = threshold ? String(threshold) : 'none, never unsure';
    root.querySelector('output').textContent = words;
    slider.setAttribute('aria-valuetext', `${words}: ${right} right, ${wrong} wrong, ${unsure} unsure`);
    for (const [name, count] of Object.entries({right, wrong, unsure})) {
      part(name).textContent = count.toLocaleString('en');
      root.querySelector(`.bar .${name}`).style.width = percent(count / data.total, 3);
    }
    part('coverage').textContent = percent(share);
    part('accuracy').textContent = accuracy;
    root.querySelector('.bar').setAttribute('aria-label', `${right} right, ${wrong} wrong, ${unsure} unsure`);
    const dot = svg.querySelector('.dot');
    dot.setAttribute('visibility', value === null ? 'hidden' : 'visible');
    dot.setAttribute('cx', across(share));
    dot.setAttribute('cy', up(value ?? lowest));
    svg.setAttribute('aria-label', `Coverage ${percent(share)}, accuracy of the images it decides ${accuracy}`);
  };

  const drawn = JSON.stringify([data.run, data.rows]);
  if (root.drawn !== drawn) {
    const begin = root.run === data.run ? root.threshold : data.rows[data.at][0];
    root.drawn = drawn;
    root.run = data.run;
    slider.max = data.rows.length - 1;
    slider.value = Math.max(0, data.rows.findIndex((row) => row[0] === begin));
    root.threshold = data.rows[slider.value][0];
    svg.replaceChildren();
    for (const share of [lowest, 1]) {
      make('line', svg, {class: 'grid', x1: LEFT, x2: RIGHT, y1: up(share), y2: up(share)});
      make('text', svg, {x: LEFT - 4, y: up(share) + 4, 'text-anchor': 'end'}, percent(share, lowest > 0.9 ? 1 : 0));
    }
    for (const share of [0, 0.5, 1]) {
      make('line', svg, {class: 'grid', x1: across(share), x2: across(share), y1: TOP, y2: BOTTOM});
      make('text', svg, {x: across(share), y: BOTTOM + 13, 'text-anchor': 'middle'}, percent(share, 0));
    }
    make('polyline', svg, {class: 'curve', points: known.map((row) => `${across(row[4])},${up(row[6])}`).join(' ')});
    make('circle', svg, {class: 'dot', r: 5});
    show();
  }
  slider.oninput = () => {
    root.threshold = data.rows[slider.value][0];
    show();
  };
  slider.onchange = () => setTriggerValue('moved', {run: data.run, threshold: data.rows[slider.value][0]});
}
