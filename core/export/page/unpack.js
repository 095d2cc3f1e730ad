// What is embedded in the page: base64 of gzip, in script elements of a type that no browser runs.

/* The bytes of the element with this id, which is emptied: the page holds them once. */
async function unpack(id) {
  const place = document.getElementById(id);
  const text = atob(place.textContent);
  place.remove();
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
