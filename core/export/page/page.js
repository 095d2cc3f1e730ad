// The page: photos in by file, drop or paste, or frames of the camera; the prediction out. Names go in as text only.

const SHOWN = 10; // bars, of the most probable classes
const NAMED = 5; // classes of a set, whose others are counted
const KEPT = 50; // photos in the list below
const MOST = 64 * 2 ** 20; // bytes of a photo, as in the app
const QUIET = 2000; // milliseconds between two words to a screen reader while the camera is on
const UNREADABLE = 'This browser cannot read it as an image. JPEG, PNG, WebP, GIF and BMP work everywhere.';

const about = JSON.parse(document.getElementById('about').textContent);
const part = Object.fromEntries(Array.from(document.querySelectorAll('[id]'), (node) => [node.id, node]));

part.cut.textContent = about.neighbours?.cut.toFixed(3);
part.video.classList.toggle('center', about.crop === 'center'); // then it shows what the model gets

const make = (tag, className, parent, text = '') => {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  parent.append(node);
  return node;
};

// Never 100 while it is less, nor 0 while it is more.
const percent = (value) => {
  if (value >= 0.9995 && value < 1) return '>99.9%';
  return value > 0 && value < 0.0005 ? '<0.1%' : `${(100 * value).toFixed(1)}%`;
};

/* What there is to say about what the model gives. */
function read({row, distance}) {
  const ranked = row.map((value, place) => [about.classes[place], value]).sort((one, other) => other[1] - one[1]);
  const [label, confidence] = ranked[0];
  const unlike = distance !== null && distance > about.neighbours.cut;
  const unsure = confidence < about.threshold;
  return {label, confidence, unsure, unlike, likely: unlike ? '' : likely(ranked), distance, row, ranked};
}

/* "cats or dogs (90%)": the classes that the image may show; '' where one is enough, or no set is promised. */
function likely(ranked) {
  if (!about.sets) return '';
  const names = ranked.filter(([, value], place) => !place || value >= about.sets.cutoff).map(([name]) => name);
  if (names.length < 2) return '';
  const rest = names.length - NAMED, last = rest > 0 ? `${rest} more` : names.pop();
  return `${names.slice(0, NAMED).join(', ')} or ${last} (${Math.round(100 * about.sets.level)}%)`;
}

const UNLIKE = 'unlike the training images';
const words = ({label, confidence, unsure, unlike}) =>
  (unsure ? `unsure (${label}, ${percent(confidence)})` : `${label}, ${percent(confidence)}`)
  + (unlike ? `, ${UNLIKE}` : '');

function showPrediction(prediction, figures = '') {
  const {label, confidence, unsure, unlike, likely, distance, row, ranked} = prediction;
  part.headline.replaceChildren();
  make('bdi', 'label', part.headline, unsure ? 'unsure' : label);
  make('span', '', part.headline, unsure ? '' : percent(confidence));
  part.headline.classList.toggle('unsure', unsure || unlike);
  const hints = [
    unsure && `Most likely ${label}, but no class reaches ${percent(about.threshold)}.`,
    likely && `Set: ${likely}`,
  ];
  part.hint.textContent = hints.filter(Boolean).join(' ');
  part.unlike.hidden = !unlike;
  part.distance.textContent = distance?.toFixed(3);
  part.unlike.dataset.distance = distance;
  // Few classes keep their places, so that no bar jumps over another while the camera is on.
  const rows = row.length <= 5 ? row.map((value, place) => [about.classes[place], value]) : ranked.slice(0, SHOWN);
  while (part.bars.children.length > rows.length) part.bars.lastChild.remove();
  rows.forEach(([name, value], place) => {
    const line = part.bars.children[place] ?? bar();
    const [title, track, figure] = line.children;
    line.dataset.probability = value;
    line.classList.toggle('best', name === label && !unsure);
    title.textContent = name;
    track.firstChild.style.transform = `scaleX(${value})`;
    figure.textContent = percent(value);
  });
  part.figures.textContent = figures;
}

function bar() {
  const line = make('li', '', part.bars);
  make('bdi', 'name', line);
  make('span', '', make('span', 'track', line));
  make('span', 'figure', line);
  return line;
}

function showWords(title, text) {
  part.headline.replaceChildren(title);
  part.headline.classList.remove('unsure');
  part.hint.textContent = text;
  part.bars.replaceChildren();
  part.unlike.hidden = true;
  part.figures.textContent = '';
}

/* Which of the three the frame shows: "empty", "photo" or "video". */
function showIn(which) {
  for (const name of ['empty', 'photo', 'video']) part[name].hidden = name !== which;
}

function rest() {
  showIn('empty');
  showWords('Ready', 'Choose a photo, or use the camera.');
}

function showPhoto({file, prediction, problem, milliseconds}) {
  camera.stop();
  URL.revokeObjectURL(part.photo.src);
  part.photo.src = URL.createObjectURL(file);
  part.photo.alt = file.name;
  showIn(problem ? 'empty' : 'photo');
  if (problem) showWords(file.name, problem);
  else showPrediction(prediction, `${milliseconds.toFixed(0)} ms`);
}

/* A photo through the model. Never throws: what is wrong with it is its `problem`. */
async function classify(file) {
  if (file.size > MOST) return {file, problem: `It has more than ${MOST / 2 ** 20} MB.`};
  const model = await opening;
  let bitmap;
  try {
    bitmap = await decode(file);
  } catch {
    return {file, problem: UNREADABLE};
  }
  const began = performance.now();
  try {
    const prediction = read(await model.predict(bitmap, bitmap.width, bitmap.height));
    return {file, prediction, milliseconds: performance.now() - began, small: thumbnail(bitmap)};
  } catch (error) {
    return {file, problem: `It could not be classified: ${error.message}`};
  } finally {
    bitmap.close();
  }
}

function thumbnail(bitmap) {
  const canvas = document.createElement('canvas'), side = canvas.width = canvas.height = 112;
  const scale = side / Math.min(bitmap.width, bitmap.height);
  const width = bitmap.width * scale, height = bitmap.height * scale;
  canvas.getContext('2d').drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
  return canvas;
}

function list(result) {
  const entry = make('li', '', part.earlier);
  const button = make('button', '', entry);
  button.type = 'button';
  if (result.small) button.append(result.small);
  const text = make('span', '', button);
  make('bdi', 'file', text, result.file.name);
  make('bdi', '', text, result.problem ? 'no prediction' : words(result.prediction));
  button.onclick = () => { showPhoto(result); scrollTo({top: 0}); };
  part.earlier.prepend(entry);
  while (part.earlier.children.length > KEPT) part.earlier.lastChild.remove();
  part.list.hidden = part.earlier.children.length < 2;
}

let turn = Promise.resolve(); // of the photos: one after the other, in their order
function take(files) {
  for (const file of files) {
    turn = turn.then(async () => {
      const result = await classify(file);
      showPhoto(result);
      list(result);
      part.spoken.textContent = `${file.name}: ${result.problem ?? words(result.prediction)}`;
    }).catch(() => {}); // the model did not open: the page says so already
  }
}

let spokenAt = 0, spoken = '';
const opening = openModel(about, (text) => showWords(text, ''));
const camera = new Camera(part.video, opening, {
  started: () => {
    showIn('video');
    part.camera.textContent = 'Turn off camera';
  },
  predicted: (output, milliseconds) => {
    const prediction = read(output);
    const word = (prediction.unsure ? 'unsure' : prediction.label) + (prediction.unlike ? `, ${UNLIKE}` : '');
    showPrediction(prediction, `${milliseconds.toFixed(0)} ms per frame`);
    if (word === spoken || performance.now() - spokenAt < QUIET) return;
    part.spoken.textContent = spoken = word;
    spokenAt = performance.now();
  },
  stopped: (text) => {
    part.camera.textContent = 'Use camera';
    if (!part.video.hidden) rest();
    if (text) showWords('No camera', text);
  },
});

part.choose.onclick = () => part.file.click();
part.file.onchange = () => { take(part.file.files); part.file.value = ''; };
part.camera.onclick = () => (camera.on ? camera.stop() : camera.start());
addEventListener('paste', (event) => take(event.clipboardData.files));
addEventListener('dragover', (event) => { event.preventDefault(); part.stage.classList.add('over'); });
addEventListener('dragleave', () => part.stage.classList.remove('over'));
addEventListener('drop', (event) => {
  event.preventDefault(); // else the browser leaves this page for the file
  part.stage.classList.remove('over');
  take(event.dataTransfer.files);
});

opening.then((model) => {
  document.documentElement.dataset.state = 'ready';
  document.documentElement.dataset.difference = model.difference;
  if (!part.empty.hidden) rest();
}, (error) => {
  document.documentElement.dataset.state = 'failed';
  for (const name of ['choose', 'camera']) part[name].disabled = true;
  showWords('The model cannot run here', error instanceof Refusal ? error.message
    : `It needs a browser from 2023 or later. This one says: ${error.message}`);
});
