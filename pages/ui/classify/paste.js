// Ctrl+V anywhere on the page: pasted images go into the uploader beside this element, as if dropped there, so that its
// limits apply and they can be removed from it.

export default function({parentElement}) {
  const paste = event => {
    const place = event.target;
    if (place instanceof Element && place.closest('input:not([type=file]), textarea, [contenteditable=true]')) return;
    const files = [...(event.clipboardData?.files ?? [])];
    const input = document.querySelector('[class*=st-key-classify_files] input[type=file]');
    if (!files.length || !input) return;
    event.preventDefault();
    const transfer = new DataTransfer();
    const time = new Date().toTimeString().slice(0, 8).replaceAll(':', '.');
    files.forEach((file, at) => {
      // A screenshot is always called image.png.
      const name = file.name === 'image.png' ? `Pasted ${time}${at ? ` (${at + 1})` : ''}.png` : file.name;
      transfer.items.add(new File([file], name, {type: file.type}));
    });
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', {bubbles: true}));
  };
  document.addEventListener('paste', paste);
  return () => document.removeEventListener('paste', paste);
}
