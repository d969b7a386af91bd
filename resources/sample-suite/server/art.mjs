/** Drawings of the products, without fonts or photos, so that they look the same wherever they are rendered. */

/** An SVG of 200 x 200 for a product: its pot, and its leaves turned around the stem. */
export function drawProduct(product, { wrongColour = false } = {}) {
  const hue = wrongColour ? (product.hue + 140) % 360 : product.hue;
  const drawing = product.category === 'Tools' ? drawTool(hue) : drawPlant(product, hue);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="200" height="200">` +
    `<rect width="200" height="200" fill="hsl(${hue} 30% 92%)"/>` +
    `<rect y="168" width="200" height="32" fill="hsl(${hue} 22% 84%)"/>${drawing}</svg>`
  );
}

function drawPlant({ leaf, category }, hue) {
  const potHue = category === 'Pots' ? hue : 18;
  const pot =
    `<path d="M62 122h76l-10 58H72z" fill="hsl(${potHue} 45% 52%)"/>` +
    `<rect x="56" y="112" width="88" height="16" fill="hsl(${potHue} 45% 44%)"/>`;
  return leaves(leaf, hue) + pot;
}

function leaves(leaf, hue) {
  const fan = { broad: [16, 40, 7], round: [20, 22, 7], sword: [8, 50, 5], fine: [5, 44, 13] }[leaf];
  if (!fan) return '';
  const [width, length, count] = fan;
  const angles = Array.from({ length: count }, (_, index) => -75 + (150 / (count - 1)) * index);
  return angles
    .map((angle, index) => {
      const light = 30 + (index % 3) * 7;
      const leafAt = `<ellipse cx="100" cy="${112 - length}" rx="${width}" ry="${length}" fill="hsl(${hue} 42% ${light}%)"/>`;
      return `<g transform="rotate(${angle} 100 116)">${leafAt}</g>`;
    })
    .join('');
}

function drawTool(hue) {
  return (
    `<rect x="64" y="70" width="72" height="90" rx="8" fill="hsl(${hue} 35% 48%)"/>` +
    `<rect x="88" y="34" width="24" height="40" fill="hsl(${hue} 20% 34%)"/>` +
    `<rect x="64" y="98" width="72" height="28" fill="hsl(${hue} 30% 88%)"/>`
  );
}
