/** Money in whole cents. Rules only: what a cart costs, and which coupon may be used. */

export const freeShippingFrom = 5000;

export const deliveries = {
  standard: { label: 'Standard, 3 to 5 days', cents: 490 },
  express: { label: 'Express, next day', cents: 990 },
  pickup: { label: 'Pick up at the nursery', cents: 0 },
};

export const coupons = {
  GROW10: { discount: (subtotal) => Math.round(subtotal * 0.1) },
  WELCOME5: { discount: () => 500, from: 3000 },
};

/** The reason why a coupon is refused, or null when it may be used. */
export function couponRefusal(code, subtotal) {
  const coupon = coupons[code];
  if (!coupon) return `We do not know the coupon ${code}.`;
  if (coupon.from && subtotal < coupon.from) return `${code} needs a cart of ${money(coupon.from)} or more.`;
  return null;
}

/** { subtotal, discount, shipping, total, vat } of lines [{ cents, quantity }]; VAT of 21 % is contained in the total. */
export function totalsOf(lines, { coupon = null, delivery = 'standard', overpaid = 0 } = {}) {
  const subtotal = lines.reduce((sum, line) => sum + line.cents * line.quantity, 0);
  const usable = coupon && couponRefusal(coupon, subtotal) === null;
  const discount = usable ? coupons[coupon].discount(subtotal) + overpaid : 0;
  const goods = subtotal - discount;
  const free = lines.length === 0 || (delivery === 'standard' && goods >= freeShippingFrom);
  const shipping = free ? 0 : deliveries[delivery].cents;
  const total = goods + shipping;
  return { subtotal, discount, shipping, total, vat: Math.round((total * 21) / 121) };
}

export function money(cents) {
  return `€${(cents / 100).toFixed(2)}`;
}
