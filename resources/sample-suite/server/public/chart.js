/** Draws twelve values as bars: whole pixels and no text, so that it is the same everywhere. The width is a multiple of twelve. */
export function drawBars(canvas, values) {
  const pen = canvas.getContext('2d');
  const step = canvas.width / 12;
  const highest = Math.max(...values);
  pen.fillStyle = '#f3f6ee';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  for (const [index, value] of values.entries()) {
    const height = Math.round((value / highest) * (canvas.height - 8));
    pen.fillStyle = value === highest ? '#c96f3b' : '#5d8a52';
    pen.fillRect(index * step + 3, canvas.height - height, step - 6, height);
  }
}
